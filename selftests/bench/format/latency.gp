# SPDX-License-Identifier: GPL-2.0
#
# What part of the samples took at most so long: floor and formats.
set terminal svg size 800,480 font 'sans,12' background '#ffffff'
set output out.'/latency.svg'
set datafile separator ','
set title 'Durable commit of an extent and a record of 16 + 128 bytes, replaced'
set xlabel 'ns for one, loops of 32'
set ylabel 'part of the samples'
set logscale x
set grid
set key right bottom
set yrange [0:1]
names = system("grep -v '^#' ".out."/latency.csv | awk -F, '$1 == \"replace\" && !seen[$2]++ { print $2 }'")
# Of many samples every two hundredth part
of(name) = "< awk -F, '$1 == \"replace\" && $6 == 0 && $2 == \"".name."\" { print $4 }' ".out."/latency.csv | sort -n | awk '{ v[NR] = $1 } END { for (i = 0; i <= 200; i++) print v[int(i * (NR - 1) / 200) + 1] \",\" i / 200 }'"
plot for [n in names] of(n) using 1:2 with lines linewidth 2 title n
