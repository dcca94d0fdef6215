#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/*
 * A fuzz target is tests/fuzz/fuzz_NAME.c with this function (libFuzzer's), linked with the
 * archives of the layer whose headers it includes. Its corpus is tests/fuzz/corpus/NAME; a unit
 * test includes the target and replays the corpus with fuzz_replay, so that what was found once
 * stays found.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Runs the target over every file of tests/fuzz/corpus/NAME. The number of files, or -1. */
int fuzz_replay(const char *name);

#endif
