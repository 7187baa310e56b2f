// SPDX-License-Identifier: GPL-2.0
/*
 * A map in the terminal.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kernel.h>

#include "map.h"
#include "report.h"

#define PIPE_WIDTH	80u
#define MIN_WIDTH	40u
#define MAX_WIDTH	400u
/* Before the first cell and behind the last one. */
#define LABEL_WIDTH	12u
#define MAX_ROWS	64u

static unsigned int terminal_width(void)
{
	struct winsize size;
	unsigned int width;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return PIPE_WIDTH;
	width = size.ws_col;
	return min(max(width, MIN_WIDTH), MAX_WIDTH);
}

/* Letters say all; colours are for who likes them. See no-color.org. */
static bool coloured(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (!no || !*no) && term &&
	       strcmp(term, "dumb");
}

static void set_colour(bool colours, int *now, int sgr)
{
	if (colours && *now != sgr)
		printf("\033[%dm", sgr);
	*now = sgr;
}

static void print_row(const struct map_rows *rows, u64 row, u64 cells,
		      bool colours)
{
	u64 count[MAP_NR_USES], cell;
	int colour = 0;

	printf("%10llu |",
	       (unsigned long long)(map_row_start(rows, row) >> 20));
	for (cell = 0; cell < cells; cell++) {
		const struct map_look *look;
		bool sparse;

		if (!map_count(rows, row, cell, cells, count)) {
			set_colour(colours, &colour, 0);
			putchar(' ');
			continue;
		}
		look = &map_looks[map_main_use(count, &sparse)];
		set_colour(colours, &colour, look->sgr);
		/* Lower case: most of it holds nothing. */
		putchar(sparse && look->letter != 'X' ? look->letter | 0x20 :
			look->letter);
	}
	set_colour(colours, &colour, 0);
	puts("|");
}

static void print_legend(const struct map *map, bool colours)
{
	u64 bytes[MAP_NR_USES], all = 0;
	char text[64];
	int i, colour = 0;

	map_totals(map, bytes);
	for (i = 0; i < MAP_NR_USES; i++)
		all += bytes[i];
	for (i = MAP_NR_USES - 1; i >= 0; i--) {
		/* What a pool of this kind does not have is not told of. */
		if (!bytes[i] && (i == MAP_USED || i == MAP_DATA ||
				  i == MAP_META))
			continue;
		report_size_text(text, sizeof(text), bytes[i]);
		set_colour(colours, &colour, map_looks[i].sgr);
		putchar(map_looks[i].letter);
		set_colour(colours, &colour, 0);
		printf("  %-10s %28s  %5.1f %%\n", map_looks[i].name, text,
		       100.0 * bytes[i] / all);
	}
}

/**
 * map_print - draw a map in the terminal
 * @map: the map
 */
void map_print(const struct map *map)
{
	u64 cells = terminal_width() - LABEL_WIDTH - 1, row;
	bool colours = coloured();
	struct map_rows rows;
	char text[64];

	map_cut(&rows, map, MAX_ROWS);
	puts(map->title);
	report_size_text(text, sizeof(text),
			 (map->block * map->unit) << KMEMP_PAGE_SHIFT);
	if (!map->block)
		puts("bound: shares of the pool, not places");
	else if (rows.nr == 1)
		puts("the line is the whole pool");
	else if (rows.blocks > 1)
		printf("a line is %llu memory blocks of %s; it begins at so many MiB\n",
		       (unsigned long long)rows.blocks, text);
	else
		printf("a line is a memory block of %s; it begins at so many MiB\n",
		       text);
	for (row = 0; row < rows.nr; row++)
		print_row(&rows, row, cells, colours);
	print_legend(map, colours);
	if (map->block)
		puts("lower case: most of it holds nothing");
}
