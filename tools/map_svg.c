// SPDX-License-Identifier: GPL-2.0
/*
 * A map as SVG: readable by itself, in any program, without scripts.
 */
#include <string.h>

#include <linux/kernel.h>

#include "map.h"
#include "report.h"

#define WIDTH		1000u
#define LEFT		110u
#define RIGHT		20u
#define TOP		70u
#define CELLS		400u
#define MAX_ROWS	128u
#define ROW_HEIGHT	14u
#define ONE_ROW_HEIGHT	48u
#define TICKS		4u
#define LEGEND_LINE	20u

/**
 * struct svg - a drawing
 * @file: where it goes
 * @rows: what is drawn
 * @row_height: of each row, gap included
 * @bottom: below the last row
 */
struct svg {
	FILE *file;
	struct map_rows rows;
	unsigned int row_height;
	unsigned int bottom;
};

/* The title has no control characters. */
static void put_text(FILE *file, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", file);
			break;
		case '<':
			fputs("&lt;", file);
			break;
		case '>':
			fputs("&gt;", file);
			break;
		case '"':
			fputs("&quot;", file);
			break;
		default:
			putc(*text, file);
		}
	}
}

static double x_of(u64 cell)
{
	return LEFT + (double)cell * (WIDTH - LEFT - RIGHT) / CELLS;
}

static double mib(const struct svg *svg, u64 entries)
{
	return (double)entries * svg->rows.map->unit * KMEMP_PAGE_SIZE /
	       (1 << 20);
}

/* What is seen when the pointer rests on a rectangle. */
static void put_title(const struct svg *svg, u64 row,
		      const u64 count[MAP_NR_USES], u64 from, u64 to)
{
	double start = (double)svg->rows.first + row * svg->rows.entries;
	double scale = (double)svg->rows.entries / CELLS;
	int i;

	fprintf(svg->file, "<title>");
	if (svg->rows.map->block)
		fprintf(svg->file, "%.2f to %.2f MiB:",
			max(start + from * scale, 0.0) * svg->rows.map->unit /
			256, min(start + to * scale,
				 (double)svg->rows.map->nr) *
			svg->rows.map->unit / 256);
	for (i = MAP_NR_USES - 1; i >= 0; i--)
		if (count[i])
			fprintf(svg->file, " %s %.2f MiB", map_looks[i].name,
				mib(svg, count[i]));
	fputs("</title>", svg->file);
}

static void put_rect(const struct svg *svg, u64 row, enum map_use use,
		     bool sparse, const u64 count[MAP_NR_USES], u64 from,
		     u64 to)
{
	fprintf(svg->file,
		"<rect x=\"%.2f\" y=\"%llu\" width=\"%.2f\" height=\"%u\" fill=\"%s\"%s>",
		x_of(from),
		(unsigned long long)(TOP + row * svg->row_height),
		x_of(to) - x_of(from), svg->row_height - 2,
		map_looks[use].fill,
		sparse ? " fill-opacity=\"0.55\"" : "");
	put_title(svg, row, count, from, to);
	fputs("</rect>\n", svg->file);
}

/* Neighbours that look the same are one rectangle. */
static void put_row(const struct svg *svg, u64 row)
{
	u64 count[MAP_NR_USES], sum[MAP_NR_USES] = {}, cell, from = 0;
	enum map_use use, last = MAP_NR_USES;
	bool sparse, last_sparse = false;
	int i;

	for (cell = 0; cell <= CELLS; cell++) {
		use = MAP_NR_USES;
		sparse = false;
		if (cell < CELLS &&
		    map_count(&svg->rows, row, cell, CELLS, count))
			use = map_main_use(count, &sparse);
		if (use != last || sparse != last_sparse) {
			if (last != MAP_NR_USES)
				put_rect(svg, row, last, last_sparse, sum,
					 from, cell);
			memset(sum, 0, sizeof(sum));
			from = cell;
			last = use;
			last_sparse = sparse;
		}
		for (i = 0; use != MAP_NR_USES && i < MAP_NR_USES; i++)
			sum[i] += count[i];
	}
}

static void put_axes(const struct svg *svg)
{
	u64 row, step = DIV_ROUND_UP(svg->rows.nr, 24ULL);
	double middle = TOP + (svg->bottom - TOP) / 2.0;
	unsigned int i;

	for (row = 0; row < svg->rows.nr; row += step)
		fprintf(svg->file,
			"<text x=\"%u\" y=\"%.1f\" text-anchor=\"end\">%llu</text>\n",
			LEFT - 6, TOP + (row + 0.5) * svg->row_height + 3,
			(unsigned long long)(map_row_start(&svg->rows, row) >>
					     20));
	fprintf(svg->file,
		"<text x=\"16\" y=\"%.1f\" text-anchor=\"middle\" transform=\"rotate(-90 16 %.1f)\">begin, MiB</text>\n",
		middle, middle);
	for (i = 0; i <= TICKS; i++)
		fprintf(svg->file,
			"<path d=\"M%.1f %uv4\" stroke=\"#333\"/><text x=\"%.1f\" y=\"%u\" text-anchor=\"middle\">%.0f</text>\n",
			x_of(CELLS / TICKS * i), svg->bottom,
			x_of(CELLS / TICKS * i), svg->bottom + 18,
			mib(svg, svg->rows.entries * i / TICKS));
	fprintf(svg->file,
		"<text x=\"%.1f\" y=\"%u\" text-anchor=\"middle\">%s, MiB</text>\n",
		x_of(CELLS / 2), svg->bottom + 36, svg->rows.map->block ?
		"place in the row" : "share of the pool");
}

static void put_legend(const struct svg *svg)
{
	u64 bytes[MAP_NR_USES];
	unsigned int y = svg->bottom + 52;
	char text[64];
	int i;

	map_totals(svg->rows.map, bytes);
	for (i = MAP_NR_USES - 1; i >= 0; i--) {
		if (i == MAP_USED && !bytes[i])
			continue;
		report_size_text(text, sizeof(text), bytes[i]);
		fprintf(svg->file,
			"<rect x=\"%u\" y=\"%u\" width=\"14\" height=\"14\" fill=\"%s\" stroke=\"#333\" stroke-width=\"0.5\"/><text x=\"%u\" y=\"%u\">%s: %s%s</text>\n",
			LEFT, y, map_looks[i].fill, LEFT + 22, y + 11,
			map_looks[i].name, text,
			strchr(text, ' ') ? "" : " bytes");
		y += LEGEND_LINE;
	}
}

/**
 * map_svg - draw a map as SVG
 * @map: the map
 * @file: where to
 */
void map_svg(const struct map *map, FILE *file)
{
	struct svg svg = { .file = file };
	char text[64];
	u64 row;

	map_cut(&svg.rows, map, MAX_ROWS);
	svg.row_height = svg.rows.nr == 1 ? ONE_ROW_HEIGHT : ROW_HEIGHT;
	svg.bottom = TOP + svg.rows.nr * svg.row_height;
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" width=\"%u\" font-family=\"sans-serif\" font-size=\"11\" role=\"img\">\n<title>",
		WIDTH, svg.bottom + 60 + MAP_NR_USES * LEGEND_LINE, WIDTH);
	put_text(file, map->title);
	fputs("</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
	      file);
	fprintf(file, "<text x=\"%u\" y=\"28\" font-size=\"16\">", LEFT);
	put_text(file, map->title);
	report_size_text(text, sizeof(text),
			 (map->block * map->unit) << KMEMP_PAGE_SHIFT);
	fprintf(file, "</text>\n<text x=\"%u\" y=\"48\">", LEFT);
	if (svg.rows.nr == 1)
		fprintf(file, "the whole pool%s", map->block ?
			"; paler: most of it holds nothing" :
			", which is bound: shares, not places");
	else
		fprintf(file,
			"a row is %llu memory block%s of %s%s; paler: most of it holds nothing",
			(unsigned long long)svg.rows.blocks,
			svg.rows.blocks > 1 ? "s" : "", text,
			strchr(text, ' ') ? "" : " bytes");
	fputs("</text>\n", file);
	for (row = 0; row < svg.rows.nr; row++)
		put_row(&svg, row);
	put_axes(&svg);
	put_legend(&svg);
	fputs("</svg>\n", file);
}
