// SPDX-License-Identifier: GPL-2.0
/*
 * Bad input for format extent: what bitmap is given.
 */
#define IMAGES_TYPE	KMEMP_TYPE_EXTENT
/* Root slots, three leaves and the node above, each whole. */
#define IMAGES_LINES	88
#include "bitmap_images.c"
