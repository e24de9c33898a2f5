/** What a SEND may ask for beside sending (RFC 9293 §3.9.1.2). */
export const SendFlag = {
  /** Send at once what the rules let go; without it data may wait to be joined by more, for the silly-window override at most (MAY-15, MAY-16). */
  push: 1,
  /** The peer shall hurry to the end of this data. Kept for old protocols; nothing new should use it (SHLD-13, RFC 6093 §5). */
  urgent: 2,
} as const
