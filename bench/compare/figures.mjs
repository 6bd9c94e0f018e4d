// figures.mjs SAMPLES JSON [NAME=VALUE...]: prints figures of what `run`
// measured as lines of bench/run, and writes JSON for bench/chart.  A ratio is
// taken inside a round; a figure is the median of its rounds.

import fs from 'node:fs';

const [samples, out, ...given] = process.argv.slice(2);
const about = Object.fromEntries(given.map((g) => {
    const at = g.indexOf('=');
    return [g.slice(0, at), g.slice(at + 1)];
}));
const found = {};               // found[alg][peer][what][round]

for (const line of fs.readFileSync(samples, 'utf8').trim().split('\n')) {
    const [alg, peer, round, what, value] = line.split('\t');

    (((found[alg] ??= {})[peer] ??= {})[what] ??= {})[round] = Number(value);
}

function spread(values) {
    const v = [...values].sort((a, b) => a - b);

    return { median: v[(v.length - 1) >> 1], min: v[0], max: v.at(-1),
             rounds: v.length };
}

// a / b in each round
function ratio(a, b) {
    return spread(Object.keys(a).map((round) => a[round] / b[round]));
}

function print(name, s, unit, aim) {
    const n = (v) => v.toPrecision(v < 100 ? 3 : 5).replace(/\.0+$/, '');

    console.log(`bench compare_${name} ${n(s.median)} ${unit}`
                + `${aim ? ` (aim ${aim})` : ''} ${n(s.min)}..${n(s.max)}`
                + ` over ${s.rounds}`);
}

const result = { about: { date: new Date().toISOString().slice(0, 10),
                          ...about },
                 algs: {} };

for (const [alg, peers] of Object.entries(found)) {
    result.algs[alg] = {};

    for (const [peer, what] of Object.entries(peers)) {
        const of = { ratio: ratio(what.rate, peers.stock.rate) };

        for (const name of Object.keys(what)) {
            of[name] = spread(Object.values(what[name]));
        }

        result.algs[alg][peer] = of;

        print(`${alg}_${peer}`, of.ratio, 'of_stock');
        print(`${alg}_${peer}_rate`, of.rate, 'requests/s');
        print(`${alg}_${peer}_cpu`, of.cpu_us, 'us/request');

        if (of.p99_us) {
            print(`${alg}_${peer}_p99`, of.p99_us, 'us');
        }
    }

    for (const peer of Object.keys(peers)) {
        if (peer !== 'stock' && peer !== 'weir') {
            const s = ratio(peers.weir.rate, peers[peer].rate);

            result.algs[alg][peer].weir = s;
            print(`${alg}_weir_to_${peer}`, s, 'ratio', '> 1');
        }
    }
}

fs.writeFileSync(out, JSON.stringify(result, null, 2) + '\n');
