// SPDX-License-Identifier: GPL-2.0
/*
 * A map cut into rows of cells, see map.h.
 */
#include <string.h>

#include <linux/kernel.h>

#include "map.h"

const struct map_look map_looks[MAP_NR_USES] = {
	[MAP_FREE] = { "free (RAM)", '.', 32, "#eef3ee" },
	[MAP_RESERVE] = { "reserve", 'R', 33, "#b8b8b8" },
	[MAP_DATA] = { "data", 'D', 34, "#0072b2" },
	[MAP_META] = { "metadata", 'M', 35, "#e69f00" },
	[MAP_USED] = { "used", 'U', 36, "#56b4e9" },
	[MAP_BAD] = { "bad", 'X', 31, "#c00000" },
};

/**
 * map_cut - cut a map into rows
 * @rows: filled in
 * @map: the map
 * @most: rows that there is room for
 *
 * A row is a memory block, or several in one where there are too many. Where it
 * is not known what lies where, there is one row.
 */
void map_cut(struct map_rows *rows, const struct map *map, u64 most)
{
	u64 block = map->block ?: map->nr;
	u64 before = map->first ? block - map->first % block : 0;

	before %= block;
	rows->map = map;
	rows->first = -(s64)before;
	rows->blocks = DIV_ROUND_UP(DIV_ROUND_UP(map->nr + before, block),
				    most);
	rows->entries = rows->blocks * block;
	rows->nr = DIV_ROUND_UP(map->nr + before, rows->entries);
	/* A pool that is smaller than a block fills its row. */
	if (rows->nr == 1) {
		rows->first = 0;
		rows->entries = map->nr;
	}
}

/**
 * map_row_start - where does a row begin?
 * @rows: the rows
 * @row: number of the row
 *
 * Return: bytes from the pool's start.
 */
u64 map_row_start(const struct map_rows *rows, u64 row)
{
	s64 entry = rows->first + (s64)(row * rows->entries);

	return entry < 0 ? 0 : (entry * rows->map->unit) << KMEMP_PAGE_SHIFT;
}

/**
 * map_count - what is in a cell?
 * @rows: the rows
 * @row: number of the row
 * @cell: number of the cell in it
 * @cells: cells that a row is cut into
 * @count: filled in: entries of each use
 *
 * Return: false where nothing of the pool lies in it.
 */
bool map_count(const struct map_rows *rows, u64 row, u64 cell, u64 cells,
	       u64 count[MAP_NR_USES])
{
	const struct map *map = rows->map;
	s64 start = rows->first + (s64)(row * rows->entries);
	s64 from = start + (s64)(cell * rows->entries / cells);
	s64 to = start + (s64)((cell + 1) * rows->entries / cells);

	/* Where there are more cells than entries, each shows one. */
	to = max(to, from + 1);
	from = max_t(s64, from, 0);
	to = min_t(s64, to, map->nr);
	memset(count, 0, MAP_NR_USES * sizeof(*count));
	if (from >= to)
		return false;
	while (from < to)
		count[map->use[from++]]++;
	return true;
}

/**
 * map_main_use - what a cell is drawn as
 * @count: entries of each use
 * @sparse: set: most of the cell holds nothing
 *
 * A bad page is always seen; and what holds something before what does not.
 *
 * Return: the use.
 */
enum map_use map_main_use(const u64 count[MAP_NR_USES], bool *sparse)
{
	static const enum map_use holding[] = { MAP_DATA, MAP_META, MAP_USED };
	u64 empty = count[MAP_FREE] + count[MAP_RESERVE], held = 0;
	enum map_use use = MAP_DATA;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(holding); i++) {
		held += count[holding[i]];
		if (count[holding[i]] > count[use])
			use = holding[i];
	}
	*sparse = held && held < empty;
	if (count[MAP_BAD])
		return MAP_BAD;
	if (held)
		return use;
	return count[MAP_RESERVE] > count[MAP_FREE] ? MAP_RESERVE : MAP_FREE;
}

/**
 * map_totals - bytes of each use
 * @map: the map
 * @bytes: filled in
 */
void map_totals(const struct map *map, u64 bytes[MAP_NR_USES])
{
	u64 i;

	memset(bytes, 0, MAP_NR_USES * sizeof(*bytes));
	for (i = 0; i < map->nr; i++)
		bytes[map->use[i]] += map->unit << KMEMP_PAGE_SHIFT;
}
