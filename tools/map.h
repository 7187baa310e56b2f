/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each page of a pool is used for, and drawing it.
 */
#ifndef KMEMP_TOOLS_MAP_H
#define KMEMP_TOOLS_MAP_H

#include <stdio.h>

#include <kmem_persist/pool.h>

struct target;

/**
 * enum map_use - what a page is
 * @MAP_FREE: what the page allocator gets
 * @MAP_RESERVE: withheld from it, and holds nothing
 * @MAP_DATA: mapped by an object
 * @MAP_META: metadata
 * @MAP_USED: data or metadata
 * @MAP_BAD: poisoned
 */
enum map_use {
	MAP_FREE,
	MAP_RESERVE,
	MAP_DATA,
	MAP_META,
	MAP_USED,
	MAP_BAD,
	MAP_NR_USES,
};

/**
 * struct map_look - how a use is drawn
 * @name: for people
 * @letter: in a terminal
 * @sgr: its colour there
 * @fill: its colour in SVG; they differ for every kind of eyesight
 */
struct map_look {
	const char *name;
	char letter;
	int sgr;
	const char *fill;
};

extern const struct map_look map_looks[MAP_NR_USES];

/**
 * struct map - a pool
 * @title: one line of text on it
 * @use: enum map_use of each @unit pages
 * @nr: entries of @use
 * @unit: pages, a power of two
 * @first: entry at which the first memory block begins
 * @block: entries of a memory block, 0 where it is not known what lies where
 */
struct map {
	char title[512];
	u8 *use;
	u64 nr;
	u64 unit;
	u64 first;
	u64 block;
};

int map_read(struct map *map, const struct target *target);
void map_free(struct map *map);

/**
 * struct map_rows - a map cut into rows of one length
 * @map: the map
 * @first: entry at which row 0 begins: 0, or less where a block began before
 * @entries: of a row
 * @blocks: memory blocks of a row
 * @nr: rows
 */
struct map_rows {
	const struct map *map;
	s64 first;
	u64 entries;
	u64 blocks;
	u64 nr;
};

void map_cut(struct map_rows *rows, const struct map *map, u64 most);
u64 map_row_start(const struct map_rows *rows, u64 row);
bool map_count(const struct map_rows *rows, u64 row, u64 cell, u64 cells,
	       u64 count[MAP_NR_USES]);
enum map_use map_main_use(const u64 count[MAP_NR_USES], bool *sparse);
void map_totals(const struct map *map, u64 bytes[MAP_NR_USES]);

void map_print(const struct map *map);
void map_svg(const struct map *map, FILE *file);

#endif /* KMEMP_TOOLS_MAP_H */
