# SPDX-License-Identifier: GPL-2.0
#
# Open time with its used pages against capacity, half full, by format: median.
set terminal svg size 960,480 font 'sans,12' background '#ffffff'
set output out.'/open.svg'
set datafile separator ','
set title 'Opening a pool that is half full, used pages included'
set xlabel 'GiB'
set ylabel 'ms'
set logscale xy
set grid
set key outside right
names = system("grep -v '^#' ".out."/open.csv | awk -F, 'NR > 1 && !seen[$2]++ { print $2 }'")
# what: "clean" or "cut"; size: "2M" or "4K"
of(name, what, size) = "< awk -F, '$2 == \"".name."\" && $3 == 50 && split($1, a, \" \") && a[1] == \"".what."\" && a[2] == \"".size."\" { print a[3] \",\" $4 }' ".out."/open.csv | sort -t, -k1n -k2n | awk -F, '$1 != s { if (s) print s \",\" v[int((n + 1) / 2)]; s = $1; n = 0 } { v[++n] = $2 } END { if (s) print s \",\" v[int((n + 1) / 2)] }'"
plot for [n in names] of(n, 'clean', '2M') using 1:2 with linespoints \
	linewidth 2 title n.', 2 MiB extents', \
	for [n in names] of(n, 'cut', '2M') using 1:2 with linespoints \
	dashtype 2 title n.', after a cut', \
	for [n in names] of(n, 'clean', '4K') using 1:2 with linespoints \
	dashtype 4 title n.', 4 KiB extents'
