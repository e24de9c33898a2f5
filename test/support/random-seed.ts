import fc from 'fast-check'

const { TCPLAB_SEED: seed } = process.env

/** Property tests try the same cases in every run; TCPLAB_SEED names other ones. */
fc.configureGlobal({ seed: seed === undefined ? 20_261_121 : Number(seed) })
