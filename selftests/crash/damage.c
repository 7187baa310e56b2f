// SPDX-License-Identifier: GPL-2.0
/*
 * A crash, and then a byte of the newest batch is wrong: log and extent leave
 * that batch out, so what it freed has to be as it was until a later batch is
 * durable, or it was confirmed.
 *
 * Such a state is one as long as the newest batch alone may vanish: until
 * something is stored that names it as durable, or that the next batch needs. Of
 * format extent that is a root slot, of format log whatever is no data.
 */
#include <stdio.h>
#include <stdlib.h>

#include "explore.h"

/* Lines of a batch that are hit: when it is durable; at each store after it. */
#define MANY_HITS	24u
#define FEW_HITS	2u

static void add_lines(struct batch_lines *lines,
		      const struct record_event *event)
{
	u64 pos = event->pos, end = pos + event->len;

	for (; pos < end; pos = (pos / KMEMP_LINE_SIZE + 1) * KMEMP_LINE_SIZE) {
		if (lines->nr == lines->room) {
			lines->room = lines->room ? 2 * lines->room : 64;
			lines->pos = realloc(lines->pos, lines->room *
					     sizeof(*lines->pos));
			if (!lines->pos)
				abort();
		}
		lines->pos[lines->nr++] = pos;
	}
}

static void follow_store(struct explore *x, const struct record_event *event)
{
	struct damage *damage = &x->damage;
	u64 copy = x->record->media.size - KMEMP_PAGE_SIZE;
	bool super = event->pos < KMEMP_PAGE_SIZE || event->pos >= copy;
	const u8 *bytes = x->trace->bytes + event->bytes + event->len;

	if (crash_is_data(event->pos, bytes, event->len))
		return;
	if (damage->flies && !super)
		add_lines(&damage->next, event);
	if (super || !damage->flies || !crash_format->roots)
		damage->alone = false;
}

static void follow_mark(struct explore *x, u64 value)
{
	struct damage *damage = &x->damage;
	struct batch_lines old = damage->newest;

	if (!(value & 1)) {
		damage->flies = true;
		damage->next.nr = 0;
		return;
	}
	damage->newest = damage->next;
	damage->next = old;
	damage->seq = value >> 1;
	damage->flies = false;
	damage->alone = damage->seq && x->judge == crash_judge;
}

void damage_follow(struct explore *x, u64 nr)
{
	const struct record_event *event = &x->trace->events[nr];

	if (!crash_format->vanishes)
		return;
	if (event->kind == RECORD_MARK)
		follow_mark(x, event->pos);
	if (event->kind == RECORD_STORE)
		follow_store(x, event);
}

bool damage_states(struct explore *x, bool many)
{
	struct damage *damage = &x->damage;
	struct crash_range range = { damage->seq - 1, damage->seq };
	u32 i, step = damage->newest.nr / (many ? MANY_HITS : FEW_HITS) + 1;
	bool good = true, vanished = false;

	if (!damage->alone || !damage->newest.nr)
		return true;
	for (i = 0; good && i < damage->newest.nr; i += step) {
		u64 start = x->record->nr, pos = damage->newest.pos[i], seq;
		u8 byte = x->record->base[pos] ^ 0x10;

		record_set(x->record, pos, &byte, 1);
		good = x->judge(x->record, range, &seq);
		record_undo(x->record, start);
		vanished |= seq == range.lo;
		if (!good && !crash_quiet)
			fprintf(stderr, "# %s, %s: batch %llu, byte %llu is hit\n",
				crash_format->name, x->name, range.hi, pos);
	}
	if (good && many && x->count)
		gate_count(GATE_HIT, vanished,
			   "%s, batch %llu: is there whatever is hit", x->name,
			   range.hi);
	return good;
}

void damage_free(struct explore *x)
{
	free(x->damage.newest.pos);
	free(x->damage.next.pos);
}
