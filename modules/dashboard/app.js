/*
 * The script of weir_dashboard's page.  It asks its own address for JSON every
 * two seconds, keeps ten minutes of it, and shows what has become of the
 * difference.  What comes from the server enters the page as text only.
 */

'use strict';

const EVERY = 2000;                 // ms between two questions
const PATIENCE = 8000;              // ms until an answer is given up
const SLOWEST = 30000;              // ms between questions while it is away
const USAGE_EVERY = 30000;
const KEPT = 10 * 60 * 1000;        // ms that charts go back
const MINUTE = 60 * 1000;           // what rates of tenants are taken over
const MOMENT = 10 * 1000;           // what the big numbers are taken over
const HOLE = 3 * EVERY;             // ms without a sample that break a line
const ROWS = 20;                    // tenants shown until all are wanted
const LINES = 5;                    // reasons that have a line of their own

/* When something needs a look. */
const LOOK = {
    errors: 0.05,                   // share of requests
    refused: 0.2,                   // share of requests
    rate: 1,                        // per second, below which shares say little
    used: 0.9                       // share of a quota, of memory, of series
};

/* Upper bounds of the buckets of durations, ms; the last bucket has none. */
const BOUNDS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000];

/* Tenants that are none of the policy's. */
const TENANTS = {
    '': 'without a tenant',
    '_rest': 'all others',
    '_other': 'beyond max_series'
};

const FINDINGS = {
    too_few_requests: ['too few requests to judge', ''],
    content: ['healthy', 'good'],
    suspect: ['suspect', 'warn'],
    failed: ['failed', 'bad']
};

const STATES = {
    serving: ['serving', 'good'],
    rolled_back: ['rolled back', 'bad'],
    pinned: ['pinned', 'warn']
};


/* Elements */

function $(id) {
    return document.getElementById(id);
}


/* make('p', 'class names', 'text' or elements...) */
function make(tag, names, ...inside) {
    const element = document.createElement(tag);

    if (names) {
        element.className = names;
    }

    element.append(...inside);

    return element;
}


/* Nothing is touched that stays as it is: selections and focus survive. */
function write(element, text) {
    if (element.textContent !== text) {
        element.textContent = text;
    }
}


function badge(word, kind) {
    return make('span', `badge ${kind}`, word);
}


function bar(share) {
    const full = make('span');

    full.style.width = `${100 * Math.min(Math.max(share, 0), 1)}%`;

    return make('span', `bar ${fullness(share)}`, full);
}


function fullness(share) {
    return share >= 1 ? 'bad' : share >= LOOK.used ? 'warn' : '';
}


/* Replaces what is in a list of terms: [term, element or text], ... */
function list(element, terms) {
    element.replaceChildren(...terms.map(([term, ...what]) => {
        const dd = make('dd');

        dd.append(...what);

        return make('div', '', make('dt', '', term), dd);
    }));
}


/* Numbers, shares and times as people read them */

const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', {
    notation: 'compact', maximumFractionDigits: 1
});

function count(n) {
    return n < 100000 ? plain.format(n) : short.format(n);
}


function rate(n) {
    return n === null ? '–'
         : n === 0 ? '0'
         : n < 0.1 ? '< 0.1'
         : n < 100 ? n.toFixed(1) : count(n);
}


function percent(share) {
    return share === null ? '–'
         : share === 0 ? '0 %'
         : share < 0.001 ? '< 0.1 %'
         : share < 0.1 ? `${(100 * share).toFixed(1)} %`
         : share < 1 ? `${Math.min(99, Math.round(100 * share))} %`
         : `${Math.round(100 * share)} %`;
}


function latency(ms) {
    return ms === null ? '–'
         : ms === Infinity ? '> 10 s'
         : ms < 1 ? '< 1 ms'
         : ms < 10 ? `${ms.toFixed(1)} ms`
         : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}


function bytes(n) {
    const units = ['B', 'KB', 'MB', 'GB', 'TB'];
    let i = 0;

    while (n >= 1024 && i < units.length - 1) {
        n /= 1024;
        i++;
    }

    return `${i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[i]}`;
}


/* Of milliseconds, in its two largest units at most. */
function span(ms) {
    const s = Math.max(0, Math.round(ms / 1000));
    const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
    const i = units.findIndex(([size]) => s >= size);

    if (i < 0) {
        return '0 s';
    }

    const whole = Math.floor(s / units[i][0]);
    const rest = i < 2 ? Math.floor(s % units[i][0] / units[i + 1][0]) : 0;

    return `${whole} ${units[i][1]}`
           + (rest ? ` ${rest} ${units[i + 1][1]}` : '');
}


function ago(time, now) {
    return time ? `${span(now - Date.parse(time))} ago` : 'never';
}


function clock(ms) {
    return new Date(ms).toLocaleTimeString('en-GB');
}


/* What is known: samples, the newest last */

const known = {
    samples: [],
    status: null,
    usage: new Map(),               // tenant: {day, month}
    began: null,                    // of the counters
    heard: 0,                       // of this clock, ms
    full: false                     // more tenants than the server names
};


/* A reason's key is of text only; its parts are read from it, too. */
function keyOf({ verdict, reason, rule, limit }) {
    return JSON.stringify([verdict, reason, rule, limit]);
}


function nameOf(key) {
    const [verdict, reason, rule, limit] = JSON.parse(key);

    return [reason + (verdict === 'dry_run' ? ' (dry run)' : ''), rule, limit]
           .filter(Boolean).join(' · ');
}


function nameOfTenant(id) {
    return Object.hasOwn(TENANTS, id) ? TENANTS[id] : id;
}


function totalOf(tenants) {
    const total = {
        requests: 0, errors: 0, refused: 0, limited: 0,
        buckets: new Array(BOUNDS.length + 1).fill(0)
    };

    for (const one of tenants) {
        total.requests += one.requests;
        total.errors += one.errors;
        total.refused += one.refused;
        total.limited += one.limited;
        one.buckets.forEach((n, i) => total.buckets[i] += n);
    }

    return total;
}


/* As the server says it, with sums in place of classes of codes. */
function tenantOf(one) {
    const requests = Object.values(one.requests).reduce((a, b) => a + b, 0);

    return { ...one, requests, errors: one.requests['5xx'] };
}


/*
 * Takes an answer in.  Counters that begin anew, as after a start of the
 * server, end what was kept: differences to them would mean nothing.
 */
function take(summary, status) {
    const { samples } = known;

    if (known.began !== summary.began) {
        samples.length = 0;
        known.began = summary.began;
    }

    const tenants = new Map(summary.tenants.map((one) =>
        [one.tenant, tenantOf(one)]));

    if (tenants.get('_rest').requests === 0) {
        tenants.delete('_rest');
        known.full = false;
    } else {
        known.full = true;
    }

    samples.push({
        time: summary.time,
        total: totalOf(tenants.values()),
        tenants,
        reasons: new Map(summary.reasons.map((one) => [keyOf(one), one])),
        splits: status.splits,
        store: status.store,
        errors: status.decisions.errors
    });

    while (samples[0].time < summary.time - KEPT) {
        samples.shift();
    }

    /* what only rates of the last minute need */

    for (const old of samples) {
        if (old.time >= summary.time - MINUTE - HOLE) {
            break;
        }

        old.tenants = old.splits = old.store = null;
    }

    known.summary = summary;
    known.status = status;
    known.heard = Date.now();
}


function newest() {
    return known.samples[known.samples.length - 1];
}


/* The oldest sample within so many ms of the newest one; null: just one. */
function before(ms) {
    const last = newest();
    const first = known.samples.find((one) => one.time >= last.time - ms);

    return first === last ? null : first;
}


/* What was done between two totals, per second where that is meant. */
function between(a, b, seconds) {
    const requests = b.requests - a.requests;

    return {
        requests,
        rate: requests / seconds,
        errors: (b.errors - a.errors) / seconds,
        share: requests > 0 ? (b.errors - a.errors) / requests : null,
        refused: (b.refused - a.refused) / seconds,
        p95: quantile(b.buckets.map((n, i) => n - a.buckets[i]), 0.95)
    };
}


/* Within a bucket, requests are taken to be spread evenly; null: none. */
function quantile(buckets, q) {
    const all = buckets.reduce((a, b) => a + b, 0);
    let rank = q * all;

    if (all <= 0) {
        return null;
    }

    for (const [i, n] of buckets.entries()) {
        if (n > 0 && rank <= n) {
            const low = i === 0 ? 0 : BOUNDS[i - 1];

            return i === BOUNDS.length ? Infinity
                                       : low + (BOUNDS[i] - low) * rank / n;
        }

        rank -= n;
    }

    return Infinity;
}


/* The last seconds of all tenants; null: there is but one sample. */
function lately(ms) {
    const first = before(ms);
    const last = newest();

    return first && between(first.total, last.total,
                            (last.time - first.time) / 1000);
}


/* Refusals of a reason per second, between two samples. */
function refusals(key, a, b) {
    const n = b.reasons.get(key)?.count ?? 0;

    return (n - (a.reasons.get(key)?.count ?? 0)) * 1000 / (b.time - a.time);
}


/* The head: which policy, which node, how fresh */

function showHead() {
    const { status } = known;
    const now = newest().time;
    const digest = make('code', '', status.digest.slice(0, 12));

    digest.title = status.digest;

    write($('policy'), status.policy || 'no name');
    document.title = `${status.policy || 'Weir'} · Weir`;

    list($('facts'), [
        ['Serial', status.serial === null ? 'none' : String(status.serial)],
        ['Generation', count(status.generation)],
        ['Digest', digest],
        ['Loaded', ago(status.loaded, now)],
        ['Node', location.host],
        ...(status.started
            ? [['Up', span(now - Date.parse(status.started))]] : [])
    ]);

    write($('by-policy'), status.serial === null
        ? `policy ${status.policy}, generation ${status.generation},`
        : `policy ${status.policy}, serial ${status.serial},`);
    write($('about'), `Weir ${status.version}, answered by process `
                      + `${status.pid}. Counters began `
                      + `${span(now - 1000 * known.summary.began)} ago.`);
}


/* What needs a look */

function showLook() {
    const items = [
        ...lookAtPolicy(), ...lookAtStore(), ...lookAtSplits(),
        ...lookAtTraffic(), ...lookAtQuotas(), ...lookAtRoom()
    ];

    if (items.length === 0) {
        items.push(['good', 'all quiet',
                    'Nothing that this page watches is wrong.']);
    }

    const text = JSON.stringify(items);

    if (showLook.shown !== text) {
        showLook.shown = text;
        $('look').replaceChildren(...items.map(([kind, word, says]) =>
            make('li', kind, badge(word, kind), make('span', '', says))));
    }
}


function lookAtPolicy() {
    const { status } = known;
    const { last_rejection: no } = status;
    const items = [];

    if (no && (!status.loaded || no.time > status.loaded)) {
        items.push(['warn', 'policy refused',
                    `A newer image was refused at ${clock(Date.parse(no.time))}`
                    + `: ${no.text || no.reason}. The one before it serves.`]);
    }

    if (status.from_last_good) {
        items.push(['warn', 'last good policy',
                    'The policy that serves came from the last_good file.']);
    }

    return items;
}


function lookAtStore() {
    const { store } = known.status;
    const { open = 0, half_open: half = 0 } = circuitsOf(store);

    return store && open + half > 0
        ? [[open ? 'bad' : 'warn', 'store away',
            `${open + half} of ${known.status.workers.length} workers do not `
            + 'use the store now; limits count by what this node knows.'
            + (store.error ? ` Last error: ${store.error}.` : '')]]
        : [];
}


function lookAtSplits() {
    const items = [];
    const now = newest().time;

    for (const [name, split] of Object.entries(known.status.splits)) {
        const { guard } = split;

        if (split.state === 'rolled_back') {
            items.push(['bad', 'rolled back',
                        `Split ${name}: ${takenOut(split)}, `
                        + `${ago(split.since, now)}.`]);
        } else if (guard && ['suspect', 'failed'].includes(guard.finding)) {
            items.push([guard.finding === 'failed' ? 'bad' : 'warn',
                        `canary ${FINDINGS[guard.finding][0]}`,
                        `Split ${name}: ${guard.arm} is worse than `
                        + `${guard.versus} by its ${guard.about}.`]);
        }

        for (const [arm, { breaker }] of Object.entries(split.arms)) {
            if (breaker && breaker.state !== 'closed') {
                items.push(['bad', 'breaker open',
                            `Split ${name}: arm ${arm} is turned away from.`]);
            }
        }
    }

    return items;
}


function takenOut(split) {
    return (split.guard ? split.guard.arm : 'an arm') + ' was taken out '
           + (split.by_hand ? 'by hand' : 'by its guard');
}


function lookAtTraffic() {
    const items = [];
    const now = lately(MOMENT);
    const errors = newest().errors - (before(MINUTE)?.errors ?? newest().errors);

    if (now && now.rate >= LOOK.rate && now.share >= LOOK.errors) {
        items.push(['bad', 'errors',
                    `${percent(now.share)} of requests end with 5xx.`]);
    }

    if (now && now.rate >= LOOK.rate
        && now.refused >= LOOK.refused * now.rate)
    {
        const [most] = reasonsBy(before(MOMENT));

        items.push(['warn', 'refusals',
                    `${percent(now.refused / now.rate)} of requests are `
                    + `refused${most ? `, most for ${nameOf(most)}` : ''}.`]);
    }

    if (errors > 0) {
        items.push(['warn', 'expressions',
                    `${count(errors)} evaluations of expressions failed `
                    + 'within the last minute.']);
    }

    return items;
}


function lookAtQuotas() {
    const near = [...newest().tenants.values()]
        .filter((one) => used(one) >= LOOK.used)
        .sort((a, b) => used(b) - used(a));

    return near.length === 0 ? []
        : [['warn', 'quota',
            near.slice(0, 3).map((one) => `${nameOfTenant(one.tenant)} has `
                + `used ${percent(used(one))} of ${one.quota.limit}`)
                .join(', ')
            + (near.length > 3 ? `, and ${near.length - 3} more are near theirs`
                               : '')
            + '.']];
}


function lookAtRoom() {
    const { series } = known.summary;
    const items = [];

    for (const { part, bytes: size, used: n } of known.status.memory ?? []) {
        if (n !== null && n >= LOOK.used * size) {
            items.push(['warn', 'memory',
                        `${percent(n / size)} of the memory of ${part} is in `
                        + 'use.']);
        }
    }

    if (series && series.series >= LOOK.used * series.max) {
        items.push(['warn', 'series',
                    `${percent(series.series / series.max)} of max_series are `
                    + 'there; more tenants are counted together.']);
    }

    return items;
}


/* The big numbers */

function showNow() {
    const now = lately(MOMENT);

    if (!now) {
        return;
    }

    write($('n-rate'), rate(now.rate));
    write($('n-errors'), percent(now.share));
    write($('n-p95'), latency(now.p95));
    write($('n-refused'), rate(now.refused));
    write($('n-share'), now.rate > 0 && now.refused > 0
        ? `per second, ${percent(now.refused / now.rate)} of requests`
        : 'per second');

    $('n-errors').classList.toggle('bad', now.share >= LOOK.errors);
    $('n-refused').classList.toggle('warn', now.rate >= LOOK.rate
        && now.refused >= LOOK.refused * now.rate);
}


/* Charts */

const charts = {};

function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name);
}


/* lines: [{label, colour, dash}]; as many for the life of the chart. */
function makeChart(id, lines) {
    const host = $(`chart-${id}`);
    const font = '12px system-ui, sans-serif';
    const grid = { stroke: () => colour('--line'), width: 1 };
    const axis = {
        stroke: () => colour('--muted'), font, grid,
        ticks: { ...grid, size: 4 }, gap: 4
    };

    const chart = {
        host, lines, keys: $(`keys-${id}`), at: null, data: [[]]
    };

    chart.plot = new uPlot({
        width: host.clientWidth,
        height: host.clientHeight,
        legend: { show: false },
        padding: [8, 8, 0, 0],
        cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
        scales: {
            x: { range: () => reach() },
            y: { range: (u, low, high) => [0, Math.max(1, high * 1.15)] }
        },
        axes: [
            { ...axis, space: 90, size: 28,
              values: (u, at, axis, space, step) => at.map((s) =>
                  clock(1000 * s).slice(0, step < 60 ? 8 : 5)) },
            { ...axis, size: 46, space: 36,
              values: (u, at, axis, space, step) => at.map((n) =>
                  step < 1 ? n.toFixed(1) : count(n)) }
        ],
        series: [{}, ...lines.map((line) => ({
            stroke: () => colour(line.colour),
            width: 2,
            dash: line.dash,
            points: { show: false }
        }))],
        hooks: {
            draw: [drawMarks],
            setCursor: [(u) => {
                chart.at = u.cursor.idx ?? null;
                showKeys(chart);
            }]
        }
    }, [[]], host);

    new ResizeObserver(() => chart.plot.setSize({
        width: host.clientWidth, height: host.clientHeight
    })).observe(host);

    return chart;
}


/* Two minutes at least, ten at most; seconds. */
function reach() {
    const last = newest()?.time ?? Date.now();
    const first = known.samples[0]?.time ?? last;

    return [Math.min(first, last - 2 * MINUTE) / 1000, last / 1000];
}


/* What happened meanwhile stands in all charts. */
function drawMarks(u) {
    const { ctx, bbox } = u;
    const unit = devicePixelRatio;

    ctx.save();
    ctx.font = `${11 * unit}px system-ui, sans-serif`;
    ctx.strokeStyle = ctx.fillStyle = colour('--muted');
    ctx.lineWidth = unit;
    ctx.setLineDash([3 * unit, 3 * unit]);

    for (const { time, text } of marks()) {
        const x = Math.round(u.valToPos(time / 1000, 'x', true));

        if (x < bbox.left || x > bbox.left + bbox.width) {
            continue;
        }

        const right = x + ctx.measureText(text).width + 8 * unit
                      > bbox.left + bbox.width;

        ctx.textAlign = right ? 'right' : 'left';
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        ctx.fillText(text, x + (right ? -4 : 4) * unit, bbox.top + 10 * unit);
    }

    ctx.restore();
}


function marks() {
    const { status } = known;

    if (!status) {
        return [];
    }

    const policies = (status.history ?? []).map((one) => ({
        time: Date.parse(one.time),
        text: one.event !== 'swapped' ? 'policy refused'
              : one.serial === null ? `generation ${one.generation}`
                                    : `serial ${one.serial}`
    }));

    const splits = Object.entries(status.splits)
        .filter(([, split]) => split.state === 'rolled_back' && split.since)
        .map(([name, split]) => ({
            time: Date.parse(split.since), text: `${name} rolled back`
        }));

    return [...policies, ...splits];
}


/* data: times, then one array for each line. */
function showChart(chart, data) {
    chart.data = data;
    chart.plot.setData(data);
    showKeys(chart);
}


/* Values at the pointer, else the last ones. */
function showKeys(chart) {
    const last = chart.data[0].length - 1;
    const at = chart.at ?? last;
    const shown = chart.lines.filter((line) => line.label);
    const texts = shown.map((line) =>
        `${line.label} ${rate(chart.data[chart.lines.indexOf(line) + 1][at]
                              ?? null)}`);

    if (chart.keys.children.length !== shown.length) {
        chart.keys.replaceChildren(...shown.map(() =>
            make('li', '', make('span', 'swatch'), make('span'))));
    }

    shown.forEach((line, i) => {
        const [swatch, text] = chart.keys.children[i].children;

        swatch.className = `swatch ${line.dash ? 'dashed' : ''}`;
        swatch.style.borderTopColor = `var(${line.colour})`;
        write(text, texts[i]);
    });

    if (chart.at === null) {
        chart.host.setAttribute('aria-label', shown.length === 0
            ? 'No lines yet'
            : `Per second, now: ${texts.join(', ')}`);
    }
}


function showCharts() {
    charts.traffic ??= makeChart('traffic', [
        { label: 'requests', colour: '--series-2' },
        { label: 'errors (5xx)', colour: '--series-1', dash: [6, 3] }
    ]);
    charts.refused ??= makeChart('refused', [
        { colour: '--series-1' },
        { colour: '--series-2', dash: [8, 4] },
        { colour: '--series-3' },
        { colour: '--series-4', dash: [3, 3] },
        { colour: '--series-5' },
        { colour: '--series-6', dash: [8, 3, 2, 3] }
    ]);

    showChart(charts.traffic, lineUp((a, b) => {
        const now = between(a.total, b.total, (b.time - a.time) / 1000);

        return [now.rate, now.errors];
    }, 2));

    assignLines(charts.refused);

    const { lines } = charts.refused;

    showChart(charts.refused, lineUp((a, b) => {
        let rest = 0;

        for (const key of b.reasons.keys()) {
            if (!lines.some((line) => line.key === key)) {
                rest += refusals(key, a, b);
            }
        }

        return lines.map((line, i) => i === LINES ? rest
            : line.key ? refusals(line.key, a, b) : null);
    }, LINES + 1));
}


/* A reason keeps its line as long as it is among the commonest. */
function assignLines({ lines }) {
    const keys = reasonsBy(known.samples[0]).slice(0, LINES);
    const others = newest().reasons.size > LINES;

    for (const line of lines.slice(0, LINES)) {
        if (!keys.includes(line.key)) {
            line.key = line.label = null;
        }
    }

    for (const key of keys) {
        if (!lines.some((line) => line.key === key)) {
            const line = lines.find((one, i) => i < LINES && !one.key);

            line.key = key;
            line.label = nameOf(key);
        }
    }

    lines[LINES].label = others ? 'others' : null;
}


/* Points between neighbours; a hole where the page did not look. */
function lineUp(values, n) {
    const data = Array.from({ length: n + 1 }, () => []);
    const { samples } = known;

    for (let i = 1; i < samples.length; i++) {
        const [a, b] = [samples[i - 1], samples[i]];
        const point = b.time - a.time > HOLE ? new Array(n).fill(null)
                                             : values(a, b);

        data[0].push(b.time / 1000);
        point.forEach((value, k) => data[k + 1].push(value));
    }

    return data;
}


/* Reasons by refusals since then, the commonest first; those since counters
   began break ties, and stand in for the rest while there is one sample. */
function reasonsBy(since) {
    const { reasons } = newest();
    const n = (key) => reasons.get(key).count
                       - (since?.reasons.get(key)?.count ?? 0);

    return [...reasons.keys()].sort((a, b) => n(b) - n(a)
        || reasons.get(b).count - reasons.get(a).count);
}


/* Refusals */

function showReasons() {
    const last = newest();
    const moment = before(MOMENT);
    const first = known.samples[0];

    $('no-reasons').hidden = last.reasons.size > 0;

    $('reasons').replaceChildren(...reasonsBy(first).map((key) => {
        const one = last.reasons.get(key);
        const [verdict, reason, rule, limit] = JSON.parse(key);
        const about = [rule && `rule ${rule}`, limit && `limit ${limit}`,
                       verdict === 'dry_run' && 'only reported (dry run)',
                       mostly(one)].filter(Boolean).join(', ');
        const name = make('th', '', reason, make('span', 'sub', about));
        const now = moment ? refusals(key, moment, last) : null;

        name.scope = 'row';

        return make('tr', '', name,
            make('td', 'n', make('span', now > 0 ? 'hot' : '', rate(now))),
            make('td', 'n', count(one.count
                                  - (first.reasons.get(key)?.count ?? 0))),
            make('td', 'n', count(one.count)));
    }));
}


/* Whom and what it meets the most. */
function mostly({ most }) {
    return most && (most.tenant || most.route)
        ? `most of it ${[most.tenant && `tenant ${nameOfTenant(most.tenant)}`,
                         most.route && `route ${most.route}`]
                        .filter(Boolean).join(' on ')}`
        : '';
}


/* Tenants */

/* title, number that is sorted by, text of a cell; the name has none */
const COLUMNS = [
    { title: 'Tenant', text: (row) => row.name },
    { title: 'Requests', of: (row) => row.rate, n: true,
      text: (row) => row.rate === null ? '–' : `${rate(row.rate)}/s` },
    { title: 'Errors', of: (row) => row.share, n: true,
      text: (row) => percent(row.share),
      hot: (row) => row.share >= LOOK.errors },
    { title: 'p95', of: (row) => row.p95, n: true,
      text: (row) => latency(row.p95) },
    { title: 'Refused', of: (row) => row.refused, n: true,
      text: (row) => row.refused === null ? '–' : `${rate(row.refused)}/s`,
      hot: (row) => row.refused > 0 },
    { title: 'Today', of: (row) => row.today, n: true,
      text: (row) => row.today === null ? '–' : count(row.today) },
    { title: 'Quota used', of: (row) => row.used }
];

const tenants = {
    by: 1, down: true, all: false, filter: '',
    rows: new Map()                 // tenant: {tr, cells}
};


/* Share of the quota that is fullest; -1: there is none. */
function used({ quota }) {
    return quota && quota.capacity > 0 ? 1 - quota.remaining / quota.capacity
                                       : -1;
}


/* Tenants as they are shown, of the last minute. */
function tenantRows() {
    const last = newest();
    const recent = known.samples.filter((one) =>
        one.tenants && one !== last && one.time >= last.time - MINUTE);

    return [...last.tenants.values()].map((one) => {
        const id = one.tenant;
        const first = recent.find((old) => old.tenants.has(id));

        /* one that was not there before: it began, unless some are unnamed */

        const since = first ?? (known.full ? null : recent[0]);
        const zero = totalOf([]);
        const now = since
            ? between(first ? first.tenants.get(id) : zero, one,
                      (last.time - since.time) / 1000)
            : { rate: null, share: null, p95: null, refused: null };

        return {
            id, ...now, name: nameOfTenant(id), quota: one.quota,
            used: used(one),
            today: known.usage.get(id)?.day?.requests ?? null
        };
    });
}


function sorted(rows) {
    const { of } = COLUMNS[tenants.by];
    const sign = tenants.down ? -1 : 1;
    const value = (row) => of(row) ?? -1;
    const byName = (a, b) => a.name.localeCompare(b.name);

    return of ? rows.sort((a, b) => sign * (value(a) - value(b)) || byName(a, b))
              : rows.sort((a, b) => sign * byName(a, b));
}


function showTenants() {
    const all = tenantRows();
    const wanted = tenants.filter.toLowerCase();
    const found = sorted(all.filter((row) =>
        row.name.toLowerCase().includes(wanted)));
    const shown = tenants.all ? found : found.slice(0, ROWS);
    const lines = shown.map((row) => rowOf(row));
    const body = $('rows');

    if (lines.length !== body.children.length
        || lines.some((tr, i) => body.children[i] !== tr))
    {
        body.replaceChildren(...lines);
    }

    for (const id of tenants.rows.keys()) {
        if (!newest().tenants.has(id)) {
            tenants.rows.delete(id);
        }
    }

    write($('found'), wanted ? `${found.length} of ${all.length}`
                             : `${all.length} in all`);
    $('no-tenants').hidden = found.length > 0;
    write($('no-tenants'), all.length === 0
        ? 'No request has been counted yet.'
        : 'No tenant has this in its name.');
    $('tenants').hidden = found.length === 0;

    $('more').hidden = found.length <= ROWS;
    write($('more'), tenants.all ? `Show the first ${ROWS}`
                                 : `Show all ${found.length}`);
}


function rowOf(row) {
    let line = tenants.rows.get(row.id);

    if (!line) {
        line = makeRow();
        tenants.rows.set(row.id, line);
    }

    COLUMNS.slice(0, -1).forEach((column, i) => {
        write(line.cells[i], column.text(row));
        line.cells[i].classList.toggle('hot', Boolean(column.hot?.(row)));
    });

    showQuota(line.cells[COLUMNS.length - 1], row);

    return line.tr;
}


/* Roles are said: a browser forgets those of a table that is shown as cards. */
function makeRow() {
    const tr = make('tr');
    const cells = [];

    tr.setAttribute('role', 'row');

    COLUMNS.forEach((column, i) => {
        const cell = make(i === 0 ? 'th' : 'td', column.n ? 'n' : '');
        const text = make('span');

        cell.setAttribute('role', i === 0 ? 'rowheader' : 'cell');
        cell.dataset.label = column.title;

        if (i === COLUMNS.length - 1) {
            cell.className = 'quota';
            cells.push(cell);
        } else {
            cell.append(text);
            cells.push(text);
        }

        tr.append(cell);
    });

    return { tr, cells };
}


function showQuota(cell, { quota, used: share }) {
    const text = share < 0 ? '–'
        : `${percent(share)} of ${quota.limit}, `
          + `${count(quota.remaining)} of ${count(quota.capacity)} left`;

    cell.classList.toggle('empty', share < 0);

    if (cell.textContent !== text) {
        cell.replaceChildren(text, ...(share < 0 ? [] : [bar(share)]));
    }
}


function showSorts() {
    $('sorts').replaceChildren(...COLUMNS.map((column, i) => {
        const button = make('button', 'sort', column.title);
        const th = make('th', column.n ? 'n' : '', button);

        button.type = 'button';
        button.addEventListener('click', () => sortBy(i));
        th.setAttribute('role', 'columnheader');
        th.scope = 'col';

        return th;
    }));

    markSort();
}


function sortBy(i) {
    tenants.down = tenants.by === i ? !tenants.down : i !== 0;
    tenants.by = i;
    markSort();
    say(`Sorted by ${COLUMNS[i].title}, `
        + `${tenants.down ? 'largest' : 'smallest'} first.`);

    if (newest()) {
        showTenants();
    }
}


function markSort() {
    [...$('sorts').children].forEach((th, i) => {
        if (i === tenants.by) {
            th.setAttribute('aria-sort', tenants.down ? 'descending'
                                                      : 'ascending');
        } else {
            th.removeAttribute('aria-sort');
        }
    });
}


/* Splits */

function showSplits() {
    const entries = Object.entries(known.status.splits);
    const focused = $('splits').contains(document.activeElement)
        ? document.activeElement.getAttribute('aria-label') : null;

    $('no-splits').hidden = entries.length > 0;
    $('splits').replaceChildren(...entries.map(([name, split]) =>
        splitCard(name, split)));

    for (const region of $('splits').querySelectorAll('[tabindex]')) {
        if (region.getAttribute('aria-label') === focused) {
            region.focus({ preventScroll: true });
        }
    }
}


function splitCard(name, split) {
    const [word, kind] = STATES[split.state] ?? [split.state, ''];
    const head = make('header', '', make('h3', '', name),
                      badge(split.pinned ? `pinned to ${split.pinned}` : word,
                            kind));
    const arms = make('tbody', '', ...Object.entries(split.arms)
        .map(([arm, counted]) => armRow(name, split, arm, counted)));
    const columns = ['Arm', 'Share', 'Requests', 'Errors', 'p95', 'Breaker'];
    const table = make('table', 'grid',
        make('thead', '', make('tr', '', ...columns.map((title, i) => {
            const th = make('th', i > 1 && i < 5 ? 'n' : '', title);

            th.scope = 'col';

            return th;
        }))), arms);
    const region = make('div', 'scroll', table);

    region.tabIndex = 0;
    region.setAttribute('role', 'region');
    region.setAttribute('aria-label', `Arms of ${name}`);

    if (split.guard && split.state === 'serving') {
        head.append(badge(`guard: ${findingOf(split.guard)[0]}`,
                          findingOf(split.guard)[1]));
    }

    head.append(make('span', 'muted', stateText(split)));

    return make('article', 'split', head, region,
                make('p', 'muted', guardText(split)));
}


function findingOf(guard) {
    return FINDINGS[guard.finding] ?? [guard.finding, ''];
}


function stateText(split) {
    const step = split.steps > 0 ? [`step ${split.step} of ${split.steps}`] : [];
    const since = split.since
        ? [`since ${ago(split.since, newest().time)}`.replace(' ago', '')] : [];
    const hand = split.by_hand ? ['by hand'] : [];

    return [...step, ...hand, ...since].join(', ');
}


/* Errors of the last minute; p95 of the guard's window, where it looks. */
function armRow(name, split, arm, counted) {
    const old = before(MINUTE)?.splits?.[name]?.arms[arm] ?? null;
    const requests = old ? counted.requests - old.requests : null;
    const errors = old ? counted.errors - old.errors : null;
    const seen = split.guard?.seen[arm];
    const weight = split.weights[arm];
    const share = make('td', 'share', `${weight} %`, bar(weight / 100));
    const wrong = requests > 0 ? errors / requests : null;
    const th = make('th', '', arm, make('span', 'sub', counted.upstream));

    th.scope = 'row';
    share.querySelector('.bar').className = 'bar';

    return make('tr', '', th, share,
        make('td', 'n', count(counted.requests)),
        make('td', 'n', make('span', wrong >= LOOK.errors ? 'hot' : '',
                             percent(wrong))),
        make('td', 'n', seen && seen.requests > 0
            ? latency(seen.p95_us / 1000) : '–'),
        make('td', '', breakerText(counted.breaker)));
}


function breakerText(breaker) {
    return !breaker ? 'none'
         : breaker.state + (breaker.opened
                            ? `, opened ${count(breaker.opened)} times` : '');
}


function guardText(split) {
    const { guard } = split;

    if (!guard) {
        return 'It has no guard: nothing takes an arm out by itself.';
    }

    const says = [guard.arm, guard.versus].map((arm) => {
        const seen = guard.seen[arm];

        return `${arm} ${count(seen.errors)} errors of `
               + `${count(seen.requests)}`;
    });

    const found = findingOf(guard)[0]
                  + (guard.about ? ` by ${guard.about}` : '');

    return split.state === 'rolled_back' && !split.by_hand
        ? `The guard found that ${guard.arm} ${found} and took it out. Somebody `
          + 'has to resume it.'
        : `The guard compares ${says.join(' with ')} within its window: `
          + `${found}. `
          + (guard.action === 'rollback'
             ? `It takes ${guard.arm} out when that fails.`
             : 'It only reports.');
}


/* Policy history */

function showHistory() {
    const { status } = known;
    const history = status.history ?? [];

    $('no-history').hidden = history.length > 0;
    $('history').hidden = history.length === 0;
    $('history').replaceChildren(...history.map((one) => {
        const when = make('span', 'sub', `${clock(Date.parse(one.time))}, `
                          + ago(one.time, newest().time));
        const swapped = one.event === 'swapped';
        const serial = one.serial === null || one.serial === undefined
            ? '' : `serial ${one.serial}, `;
        const digest = make('code', '', (one.digest ?? '').slice(0, 12));

        return swapped
            ? make('li', '', badge('took over', 'good'),
                   `${serial}generation ${one.generation} `, digest, when)
            : make('li', '', badge('refused', 'bad'),
                   one.text || one.reason, when);
    }));
}


/* Store, workers, memory */

function circuitsOf(store) {
    return store?.circuits ?? (store ? { [store.circuit]: 1 } : {});
}


function showStore() {
    const { store } = known.status;
    const state = $('store-state');

    $('store').hidden = !store;
    state.hidden = !store;

    if (!store) {
        write($('store-says'), 'No weir_redis: this node counts by itself.');
        return;
    }

    const { open = 0, half_open: half = 0 } = circuitsOf(store);

    state.className = `badge ${open ? 'bad' : half ? 'warn' : 'good'}`;
    write(state, open ? 'away' : half ? 'being tried' : 'well');
    write($('store-says'), open + half > 0
        ? 'Limits count by what this node knows until it is back.'
        : `${store.nodes} node${store.nodes === 1 ? '' : 's'} share it.`);

    list($('store'), [
        ['Topology', store.topology],
        ['Circuit by workers', Object.entries(circuitsOf(store))
            .filter(([, n]) => n > 0)
            .map(([name, n]) => `${n} ${name.replace('_', ' ')}`)
            .join(', ') || '–'],
        ['Calls, last minute', callsText(store)],
        ['Latency', latency(store.latency_us / 1000)],
        ['Connections', `${count(store.connections)}, `
                        + `${count(store.pending)} calls under way`],
        ['Made again', `${count(store.reconnects)} times`],
        ['Clock may be off by', latency(store.clock_error_us / 1000)],
        ...(store.error ? [['Last error', store.error]] : [])
    ]);
}


function callsText(store) {
    const old = before(MINUTE)?.store?.calls ?? null;

    return Object.entries(store.calls)
        .map(([result, n]) => [result, n - (old?.[result] ?? n)])
        .filter(([result, n]) => n > 0 || result === 'ok')
        .map(([result, n]) => `${count(n)} ${result.replace('_', ' ')}`)
        .join(', ');
}


function showWorkers() {
    const { status } = known;

    $('workers').replaceChildren(...status.workers.map((one) => {
        const current = one.generation === status.generation;
        const th = make('th', '', String(one.pid),
                        ...(one.leader ? [make('span', 'sub', 'leader')] : []));

        th.scope = 'row';

        return make('tr', '', th,
            make('td', '', badge(current ? 'current'
                                 : one.generation === 0 ? 'idle' : 'older',
                                 current ? 'good'
                                 : one.generation === 0 ? '' : 'warn')),
            make('td', 'n', count(one.generation)),
            make('td', 'n', count(one.pins)));
    }));
}


function showMemory() {
    const { series } = known.summary;
    const rows = (known.status.memory ?? []).map(
        ({ part, bytes: size, used: n }) => [part, ...(n === null
            ? [bytes(size)]
            : [`${bytes(n)} of ${bytes(size)}`, bar(n / size)])]);

    if (series) {
        rows.push(['series of tenants',
                   `${count(series.series)} of ${count(series.max)}`
                   + (series.folded ? `, folded ${count(series.folded)} times`
                                    : ''),
                   bar(series.series / series.max)]);
    }

    list($('memory'), rows);
}


/* All of it */

function say(text) {
    write($('say'), text);
}


/* What changed since the answer before is said to who cannot see it. */
function changes(old, status) {
    const says = [];

    if (!old) {
        return says;
    }

    if (old.generation !== status.generation) {
        says.push(`Policy ${status.policy}, `
                  + (status.serial === null ? '' : `serial ${status.serial}, `)
                  + `generation ${status.generation} took over.`);
    }

    if (status.last_rejection
        && old.last_rejection?.time !== status.last_rejection.time)
    {
        says.push('A policy was refused.');
    }

    for (const [name, split] of Object.entries(status.splits)) {
        const was = old.splits[name]?.state ?? split.state;

        if (was !== split.state) {
            says.push(`Split ${name}: ${split.state === 'rolled_back'
                ? takenOut(split) : (STATES[split.state] ?? [split.state])[0]}`
                + '.');
        }
    }

    return says;
}


function show() {
    showHead();
    showLook();
    showNow();
    showCharts();
    showReasons();
    showTenants();
    showSplits();
    showHistory();
    showStore();
    showWorkers();
    showMemory();
}


/* Asking */

const asking = {
    timer: 0,
    delay: EVERY,
    next: 0,                        // when it is asked again, ms
    away: null,                     // since when, ms, and why
    usage: 0                        // when that was last asked for
};


async function ask(query) {
    const answer = await fetch(`${location.pathname}?show=${query}`, {
        cache: 'no-store', signal: AbortSignal.timeout(PATIENCE)
    });

    if (!answer.ok) {
        throw new Error(answer.status === 401 || answer.status === 403
            ? `The policy refuses this page now (${answer.status})`
            : `The server answers ${answer.status}`);
    }

    return answer.json();
}


async function poll() {
    clearTimeout(asking.timer);

    if (document.hidden) {
        showFresh();
        return;
    }

    const old = known.status;

    try {
        take(...await Promise.all([ask('summary'), ask('status')]));

        const says = [...back(), ...changes(old, known.status)];

        if (says.length > 0) {
            say(says.join(' '));
        }

        show();
    } catch (error) {
        if (error instanceof ReferenceError || error instanceof RangeError) {
            console.error(error);
        }

        lost(error);
    }

    asking.next = Date.now() + asking.delay;
    asking.timer = setTimeout(poll, asking.delay);
    showFresh();

    askUsage();
}


/* It matters less, and may be much: seldom, and nothing waits for it. */
async function askUsage() {
    if (asking.away || Date.now() - asking.usage < USAGE_EVERY) {
        return;
    }

    asking.usage = Date.now();

    try {
        const { tenants: all } = await ask('usage&limit=1000');

        known.usage = new Map(Object.entries(all));
        showTenants();
    } catch {
        known.usage = new Map();
    }
}


function lost(error) {
    if (!asking.away) {
        asking.away = { since: Date.now(), why: error.message };
        say('The server does not answer. Trying again.');
        $('main').classList.add('stale');
    }

    asking.away.why = /^The /.test(error.message) ? error.message
                                                  : 'The server does not answer';
    asking.delay = Math.min(2 * asking.delay, SLOWEST);
}


function back() {
    const { away } = asking;

    asking.delay = EVERY;
    asking.away = null;
    $('main').classList.remove('stale');

    return away ? ['The server answers again.'] : [];
}


/* How old it is what the page shows. */
function showFresh() {
    const now = Date.now();
    const live = $('live');
    const { away } = asking;

    live.dataset.state = away ? 'away' : document.hidden ? 'wait' : 'live';

    write($('fresh'), away
        ? `${away.why}, since ${span(now - away.since)}; `
          + `next try in ${span(Math.max(0, asking.next - now))}`
        : !known.heard ? 'connecting'
        : document.hidden ? 'paused'
        : now - known.heard < 2 * EVERY ? 'live, every 2 s'
        : `${span(now - known.heard)} old`);
}


function start() {
    showSorts();

    $('filter').addEventListener('input', (event) => {
        tenants.filter = event.target.value;

        if (newest()) {
            showTenants();
        }
    });

    $('more').addEventListener('click', () => {
        tenants.all = !tenants.all;
        showTenants();
    });

    for (const query of ['(prefers-color-scheme: dark)', '(max-width: 900px)']) {
        matchMedia(query).addEventListener('change', () => {
            Object.values(charts).forEach(({ plot }) => plot.redraw(false));
        });
    }

    document.addEventListener('visibilitychange', poll);
    addEventListener('online', poll);
    setInterval(showFresh, 1000);
    poll();
}

start();
