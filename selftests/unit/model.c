// SPDX-License-Identifier: GPL-2.0
/*
 * See model.h.
 */
#include <stdio.h>
#include <string.h>

#include <linux/errno.h>

#include "model.h"

const u64 model_ids[MODEL_OBJECTS] = {
	6, 4095, 4096, 4097, 4159, 4160, 5000,
	1ULL << 20, (1ULL << 30) + 5, 1ULL << 41, KMEMP_OBJ_MAX - 64,
	KMEMP_OBJ_MAX,
};

const u64 model_regions[MODEL_REGIONS] = {
	0, (1ULL << 18) - 1024, KMEMP_MAX_OBJECT_PAGES - MODEL_PAGES,
};

u8 model_kind(unsigned int n)
{
	return n % 7 == 6 ? 255 : n % 3;
}

unsigned int model_name(unsigned int n, u8 *name)
{
	unsigned int len = n < 64 ? n % 24 : n * 255 / (MODEL_RECORDS - 1);

	memset(name, 'a' + n % 26, len);
	if (len)
		name[len - 1] = n;
	if (n == 0)
		return 0;
	if (len < 2) {
		name[0] = n;
		name[1] = 0xff;
		len = 2;
	}
	return len;
}

void model_copy(struct model *to, const struct model *from, const u8 *touched)
{
	unsigned int o, r;

	for (o = 0; o < MODEL_OBJECTS; o++) {
		const struct model_object *object = &from->object[o];

		for (r = 0; r < MODEL_REGIONS; r++)
			if (touched[o] & MODEL_REGION(r))
				memcpy(to->object[o].page[r], object->page[r],
				       sizeof(object->page[r]));
		if (touched[o] & MODEL_ITS_RECORDS)
			memcpy(to->object[o].record, object->record,
			       sizeof(object->record));
	}
}

void model_clear(struct model *model, unsigned int object, unsigned int region,
		 u32 from, u32 count)
{
	memset(&model->object[object].page[region][from], 0,
	       count * sizeof(struct model_page));
}

static bool complain(u64 id, const char *what, u64 place)
{
	fprintf(stderr, "# object %llu: %s at %llu\n", id, what, place);
	return false;
}

static bool compare_map(const struct model_object *object,
			struct kmemp_pool *pool, u64 id)
{
	u64 expected = 0, found = 0, offset = 0;
	struct kmemp_extent extent;
	unsigned int r;
	int ret;
	u32 i;

	for (r = 0; r < MODEL_REGIONS; r++)
		for (i = 0; i < MODEL_PAGES; i++)
			expected += !!object->page[r][i].page;
	while (!(ret = kmemp_pool_next_extent(pool, id, offset, 1 << 20,
					      &extent))) {
		for (r = 0; r < MODEL_REGIONS; r++)
			if (extent.offset >= model_regions[r] &&
			    extent.offset < model_regions[r] + MODEL_PAGES)
				break;
		if (r == MODEL_REGIONS)
			return complain(id, "extent", extent.offset);
		for (i = 0; i < extent.count; i++) {
			u64 at = extent.offset + i - model_regions[r];
			const struct model_page *page = &object->page[r][at];

			if (at >= MODEL_PAGES || page->page != extent.page + i ||
			    page->flags != extent.flags ||
			    page->tag != extent.tag)
				return complain(id, "page", extent.offset + i);
		}
		found += extent.count;
		offset = extent.offset + extent.count;
	}
	if (ret != -ENOENT)
		return complain(id, "map's end", -ret);
	return found == expected || complain(id, "number of pages", found);
}

static bool compare_records(const struct model_object *object,
			    struct kmemp_pool *pool, u64 id)
{
	u8 name[KMEMP_MAX_NAME + 1], buffer[KMEMP_RECORD_BUFFER];
	struct kmemp_record record = {}, last = {};
	unsigned int n, expected = 0, found = 0;
	int ret;

	for (n = 0; n < MODEL_RECORDS; n++) {
		const struct model_record *want = &object->record[n];

		record.kind = model_kind(n);
		record.name_len = model_name(n, name);
		record.name = name;
		expected += want->there;
		ret = kmemp_pool_get_record(pool, id, &record, buffer);
		if (want->there ? ret : ret != -ENOENT)
			return complain(id, "record", n);
		if (want->there && (record.value_len != want->value_len ||
				    memcmp(record.value, want->value,
					   want->value_len)))
			return complain(id, "value", n);
	}
	memset(&record, 0, sizeof(record));
	while (!(ret = kmemp_pool_next_record(pool, id, &record, buffer))) {
		if (found && (record.kind < last.kind ||
			      (record.kind == last.kind &&
			       record.hash < last.hash)))
			return complain(id, "order of records", found);
		found++;
		last = record;
		record.name = buffer;
		if (record.name_len < KMEMP_MAX_NAME) {
			buffer[record.name_len++] = 0;
		} else {
			record.name_len = 0;
			record.hash++;
		}
	}
	if (ret != -ENOENT)
		return complain(id, "records' end", -ret);
	return found == expected || complain(id, "number of records", found);
}

bool model_compare(const struct model *model, struct kmemp_pool *pool)
{
	unsigned int i, there = 0, found = 0;
	u64 id = 0;
	int ret;

	for (i = 0; i < MODEL_OBJECTS; i++) {
		const struct model_object *object = &model->object[i];
		unsigned int n, r;
		bool exists = false;

		if (!compare_map(object, pool, model_ids[i]) ||
		    !compare_records(object, pool, model_ids[i]))
			return false;
		for (n = 0; n < MODEL_RECORDS; n++)
			exists |= object->record[n].there;
		for (r = 0; r < MODEL_REGIONS; r++)
			for (n = 0; n < MODEL_PAGES; n++)
				exists |= !!object->page[r][n].page;
		there += exists;
	}
	for (; !(ret = kmemp_pool_next_object(pool, &id)); id++)
		found++;
	if (ret != -ENOENT)
		return complain(id, "objects' end", -ret);
	return found == there || complain(0, "number of objects", found);
}
