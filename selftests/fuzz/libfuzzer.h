/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What libFuzzer calls, and the one thing that is called of it: it has no
 * header of its own.
 */
#ifndef KMEMP_TEST_LIBFUZZER_H
#define KMEMP_TEST_LIBFUZZER_H

#include <linux/types.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
size_t LLVMFuzzerMutate(u8 *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max_size,
			       unsigned int seed);

#endif
