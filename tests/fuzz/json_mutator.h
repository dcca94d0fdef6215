#ifndef TESTS_FUZZ_JSON_MUTATOR_H
#define TESTS_FUZZ_JSON_MUTATOR_H

/*
 * libFuzzer's custom mutator for JSON documents: changes the tree by a model of what may stand
 * where (tests/fuzz/models.h), and now and then the bytes. A target that defines this is linked
 * with it.
 */
extern const char fuzz_model[];

#endif
