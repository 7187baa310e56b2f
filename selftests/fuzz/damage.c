// SPDX-License-Identifier: GPL-2.0
/*
 * See damage.h.
 */
#include <string.h>

#include <asm/byteorder.h>
#include <linux/kernel.h>

#include "damage.h"
#include "kmem_persist/ring.h"

#define MOST_FORMATS	8u

bool damage_loud;
static struct image images[MOST_FORMATS][DAMAGE_KIND + 1];

struct image *damage_image(const u8 *input, size_t size)
{
	unsigned int i, kind;

	if (size < DAMAGE_HEADER)
		return NULL;
	kind = input[0] & DAMAGE_KIND;
	for (i = 0; i < min(sample_nr_formats, MOST_FORMATS); i++) {
		struct image *image = &images[i][kind];

		if (sample_formats[i].type != input[1])
			continue;
		if (!image->format)
			image_make(image, &sample_formats[i], kind);
		return image;
	}
	return NULL;
}

static u64 line_pos(const struct image *image, u64 n)
{
	return image->lines[n % image->nr_lines] * KMEMP_LINE_SIZE;
}

u64 damage_rnd(u64 *state, u64 below)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*state >> 20) % below;
}

static u64 random_value(u64 *state)
{
	static const u64 limits[] = {
		0, 1, 2, 255, 512, 1024, 4096, KMEMP_MAX_POOL_PAGES - 1,
		KMEMP_OBJ_MAX, KMEMP_MAX_SEQUENCE, ~0ULL,
		SAMPLE_BYTES >> KMEMP_PAGE_SHIFT,
	};
	u64 value = limits[damage_rnd(state, ARRAY_SIZE(limits))];

	switch (damage_rnd(state, 4)) {
	case 0:
		return value;
	case 1:
		return value + damage_rnd(state, 5) - 2;
	case 2:
		return 1ULL << damage_rnd(state, 64);
	default:
		return damage_rnd(state, ~0ULL) >> damage_rnd(state, 64);
	}
}

void damage_random(u64 *state, u8 *patch)
{
	u64 value = random_value(state);
	u16 line = damage_rnd(state, 65536);

	memcpy(patch, &line, sizeof(line));
	patch[2] = damage_rnd(state, KMEMP_LINE_SIZE);
	patch[3] = damage_rnd(state, DAMAGE_OPS);
	memcpy(patch + 4, &value, sizeof(value));
}

/* The line that a patch is to. */
static u64 patch_pos(const struct image *image, const u8 *patch)
{
	u64 line = patch[0] | patch[1] << 8;

	if (!(patch[2] & DAMAGE_PINNED))
		return line_pos(image, line);
	line |= (patch[3] >> 4) << 16;
	return line * KMEMP_LINE_SIZE % image->record.media.size;
}

static unsigned int patch_op(const u8 *patch)
{
	return (patch[3] & 0xf) % DAMAGE_OPS;
}

/* What is stored, and where; returns how many bytes. */
static size_t encode(const struct image *image, const u8 *patch, u64 *pos,
		     u8 *bytes)
{
	u64 value, word, line = patch_pos(image, patch);
	size_t len = 1;
	__le64 raw;

	memcpy(&raw, patch + 4, sizeof(raw));
	value = le64_to_cpu(raw);
	*pos = line + patch[2] % KMEMP_LINE_SIZE;
	memcpy(&raw, image->record.base + (*pos & ~7ULL), sizeof(raw));
	word = le64_to_cpu(raw);
	switch (patch_op(patch)) {
	case DAMAGE_XOR:
		value = image->record.base[*pos] ^ ((u8)value ?: 1);
		break;
	case DAMAGE_BYTE:
		break;
	case DAMAGE_SET16:
		len = 2;
		break;
	case DAMAGE_SET32:
		len = 4;
		break;
	case DAMAGE_SET64:
		len = 8;
		break;
	case DAMAGE_ADD64:
		len = 8;
		value = word + (s8)value;
		break;
	case DAMAGE_LINE:
		*pos = line;
		memcpy(bytes, image->record.base + line_pos(image, value),
		       KMEMP_LINE_SIZE);
		return KMEMP_LINE_SIZE;
	case DAMAGE_POINT:
		len = 8;
		value = line_pos(image, value) >> KMEMP_PAGE_SHIFT;
		/* In a slot: its flags and tag stay. */
		if (word && kmemp_slot_valid(word))
			value = kmemp_slot_make(value, kmemp_slot_flags(word),
						kmemp_slot_tag(word));
		break;
	case DAMAGE_SLOT:
		len = 8;
		value = kmemp_slot_make(kmemp_slot_page(value),
					kmemp_slot_flags(value),
					kmemp_slot_tag(value));
		break;
	}
	*pos &= ~(u64)(len - 1);
	raw = cpu_to_le64(value);
	memcpy(bytes, &raw, len);
	return len;
}

/*
 * Is it known that what the patches change is noticed? Of single bytes of
 * different words it is.
 */
static bool is_small(const u8 *patch, u64 pos, u64 *words, unsigned int nr)
{
	unsigned int i;

	words[nr] = pos / 8;
	for (i = 0; i < nr; i++)
		if (words[i] == words[nr])
			return false;
	return patch_op(patch) <= DAMAGE_BYTE;
}

static void tell(const struct image *image, u64 pos, const u8 *bytes,
		 size_t len)
{
	size_t i;

	fprintf(stderr, "# page %llu + %llu:", pos >> KMEMP_PAGE_SHIFT,
		pos % KMEMP_PAGE_SIZE);
	for (i = 0; i < len; i++)
		fprintf(stderr, " %02x", image->record.base[pos + i]);
	fputs(" ->", stderr);
	for (i = 0; i < len; i++)
		fprintf(stderr, " %02x", bytes[i]);
	fputc('\n', stderr);
}

static unsigned int nr_patches(size_t size)
{
	return min((size - DAMAGE_HEADER) / DAMAGE_PATCH,
		   (size_t)DAMAGE_PATCHES);
}

void damage_pin(u8 *input, size_t size)
{
	const struct image *image = damage_image(input, size);
	unsigned int i;

	for (i = 0; image && i < nr_patches(size); i++) {
		u8 *patch = input + DAMAGE_HEADER + i * DAMAGE_PATCH;
		u64 line = patch_pos(image, patch) / KMEMP_LINE_SIZE;

		patch[0] = line;
		patch[1] = line >> 8;
		patch[2] = patch[2] % KMEMP_LINE_SIZE | DAMAGE_PINNED;
		patch[3] = patch_op(patch) | (line >> 16) << 4;
	}
}

/* Returns whether what it changed must be noticed. */
static bool apply(struct image *image, const u8 *input, size_t size)
{
	u64 copy = image->record.media.size - KMEMP_PAGE_SIZE;
	bool both = (input[0] & DAMAGE_RESEAL) && !(input[0] & DAMAGE_ONE_COPY);
	unsigned int nr = nr_patches(size), i;
	bool sealed = !(input[0] & DAMAGE_RESEAL);
	u64 words[DAMAGE_PATCHES], pos;
	u8 bytes[KMEMP_LINE_SIZE];

	for (i = 0; i < nr; i++) {
		const u8 *patch = input + DAMAGE_HEADER + i * DAMAGE_PATCH;
		size_t len = encode(image, patch, &pos, bytes);

		if (damage_loud)
			tell(image, pos, bytes, len);
		sealed &= is_small(patch, pos, words, i);
		record_set(&image->record, pos, bytes, len);
		if (both && pos < KMEMP_PAGE_SIZE)
			record_set(&image->record, copy + pos, bytes, len);
	}
	return sealed;
}

struct image *damage_make(const u8 *input, size_t size, bool *sealed)
{
	struct image *image = damage_image(input, size);

	if (!image)
		return NULL;
	*sealed = apply(image, input, size);
	if (input[0] & DAMAGE_RESEAL)
		reseal_mend(&image->reseal, &image->record);
	return image;
}

const char *damage_try(const u8 *input, size_t size)
{
	struct verdict verdict;
	struct image *image;
	const char *wrong;
	bool sealed;

	image = damage_make(input, size, &sealed);
	if (!image)
		return NULL;
	verdict = image_judge(image, sealed);
	if (damage_loud)
		fprintf(stderr, "# %s, %s: %s, %u findings, contents %s\n",
			image->format->name, sample_kinds[image->kind],
			verdict.refused ? "refused" : "opened", verdict.found,
			verdict.differs ? "differ" : "as before");
	wrong = verdict.wrong;
	if (!wrong && (input[0] & DAMAGE_USE))
		wrong = image_use(image, &verdict);
	image_restore(image);
	return wrong;
}
