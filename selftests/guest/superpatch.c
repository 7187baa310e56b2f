// SPDX-License-Identifier: GPL-2.0
/*
 * superpatch IMAGE START COMMAND...
 *
 * Makes the media that no tool of ours would make: changes fields of the
 * superblock of the pool at byte START of an image, and seals them again.
 * Commands, in order:
 *
 *	first | copy | both	which of the pages the next ones change
 *	FIELD=VALUE		a number; +BITS: set them, beside those there
 *	label=TEXT		bytes as they are
 *	seed=TYPE		becomes a superblock of the 2022 proposal
 *	show			prints the fields of the first page
 *
 * Its CRC is its own, so that it judges the core's, too. Runs on the host.
 */
#include <endian.h>
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kmem_persist/format.h>

static const struct field {
	const char *name;
	unsigned int offset;
	unsigned int size;
} fields[] = {
#define STATIC_FIELD(name) \
	{ #name, offsetof(struct kmemp_disk_static, name), \
	  sizeof(((struct kmemp_disk_static *)0)->name) }
#define STATE_FIELD(name) \
	{ "state." #name, KMEMP_SB_STATE_OFFSET + \
	  offsetof(struct kmemp_disk_state, name), \
	  sizeof(((struct kmemp_disk_state *)0)->name) }
	STATIC_FIELD(type), STATIC_FIELD(version), STATIC_FIELD(compat),
	STATIC_FIELD(ro_compat), STATIC_FIELD(incompat),
	STATIC_FIELD(page_size), STATIC_FIELD(reserved0),
	STATIC_FIELD(pool_pages), STATIC_FIELD(data_min),
	STATIC_FIELD(data_max), STATIC_FIELD(window_page),
	STATIC_FIELD(window_pages), STATIC_FIELD(generation),
	{ "uuid0", offsetof(struct kmemp_disk_static, uuid), 8 },
	{ "seal_key0", offsetof(struct kmemp_disk_static, seal_key), 8 },
	STATE_FIELD(generation), STATE_FIELD(epoch), STATE_FIELD(confirmed),
	STATE_FIELD(lease), STATE_FIELD(map_page), STATE_FIELD(map_pages),
};

static uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;
	int bit;

	while (len--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return crc;
}

static void seal(uint8_t *page)
{
	struct kmemp_disk_static *fixed = (void *)page;
	struct kmemp_disk_state *state = (void *)(page + KMEMP_SB_STATE_OFFSET);
	uint64_t where[3] = { 0, state->generation,
			      htole64(KMEMP_SB_STATE_OFFSET) };
	uint32_t crc;

	fixed->crc = htole32(~crc32c(~0u, fixed, offsetof(typeof(*fixed), crc)));
	crc = crc32c(~0u, fixed->seal_key, KMEMP_KEY_SIZE);
	crc = crc32c(crc, where, sizeof(where));
	crc = crc32c(crc, state, offsetof(typeof(*state), seal));
	state->seal = htole32(~crc);
}

static uint64_t get(const uint8_t *page, const struct field *field)
{
	uint64_t value = 0;

	memcpy(&value, page + field->offset, field->size);
	return le64toh(value);
}

static void set(uint8_t *page, const char *name, const char *text)
{
	uint64_t value = strtoull(text + (*text == '+'), NULL, 0);
	const struct field *field;

	for (field = fields; strcmp(field->name, name); field++)
		if (field == fields + sizeof(fields) / sizeof(*fields) - 1)
			errx(2, "no field %s", name);
	if (*text == '+')
		value |= get(page, field);
	value = htole64(value);
	memcpy(page + field->offset, &value, field->size);
}

static void change(uint8_t *page, const char *name, const char *value)
{
	struct kmemp_disk_static *fixed = (void *)page;

	if (!strcmp(name, "seed")) {
		memset(page + 8, 0, KMEMP_PAGE_SIZE - 8);
		fixed->type = htole32(strtoul(value, NULL, 0));
		return;
	}
	if (!strcmp(name, "label")) {
		memset(fixed->label, 0, sizeof(fixed->label));
		memcpy(fixed->label, value, strnlen(value, KMEMP_LABEL_SIZE));
	} else {
		set(page, name, value);
	}
	seal(page);
}

int main(int argc, char **argv)
{
	uint8_t page[2][KMEMP_PAGE_SIZE];
	struct kmemp_disk_static *fixed = (void *)page[0];
	unsigned int which = 3, i;
	uint64_t at[2];
	int fd;

	if (argc < 4)
		errx(2, "usage: superpatch IMAGE START COMMAND...");
	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		err(1, "%s", argv[1]);
	at[0] = strtoull(argv[2], NULL, 0);
	if (pread(fd, page[0], KMEMP_PAGE_SIZE, at[0]) != KMEMP_PAGE_SIZE)
		err(1, "first page");
	if (le64toh(fixed->magic) != KMEMP_MAGIC)
		errx(1, "no pool at %s", argv[2]);
	at[1] = at[0] + (le64toh(fixed->pool_pages) - 1) * KMEMP_PAGE_SIZE;
	if (pread(fd, page[1], KMEMP_PAGE_SIZE, at[1]) != KMEMP_PAGE_SIZE)
		err(1, "copy");

	for (argv += 3; *argv; argv++) {
		char *value = strchr(*argv, '=');

		if (!strcmp(*argv, "first")) {
			which = 1;
		} else if (!strcmp(*argv, "copy")) {
			which = 2;
		} else if (!strcmp(*argv, "both")) {
			which = 3;
		} else if (!strcmp(*argv, "show")) {
			for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
				printf("%s=%#llx\n", fields[i].name,
				       (unsigned long long)get(page[0], &fields[i]));
		} else if (value) {
			*value++ = '\0';
			for (i = 0; i < 2; i++)
				if (which & 1 << i)
					change(page[i], *argv, value);
		} else {
			errx(2, "what is %s?", *argv);
		}
	}
	/* where they were: pool_pages may have changed */
	for (i = 0; i < 2; i++)
		if (pwrite(fd, page[i], KMEMP_PAGE_SIZE, at[i]) != KMEMP_PAGE_SIZE)
			err(1, "write");
	return 0;
}
