/*
 * Stands in for Electron's executable when a package is assembled without a network: it carries the fuse wire in the form
 * that the packager looks for (sentinel, version, count, one character a fuse) and says, when run, how its fuses are set.
 */
#include <stdio.h>

#define SENTINEL "dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX"
#define FUSES 8

static const volatile char wire[] = SENTINEL "\x01" "\x08" "10110010";

int main(void) {
  for (unsigned i = 0; i < FUSES; i++) putchar(wire[sizeof SENTINEL - 1 + 2 + i]);
  putchar('\n');
  return 0;
}
