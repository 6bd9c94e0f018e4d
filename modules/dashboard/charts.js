/*
 * charts.js: lines over time, by uPlot.
 */

const LINES = 5;                    // reasons that have a line of their own

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
        padding: [8, 20, 0, 0],
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
    ctx.textAlign = 'left';
    ctx.textBaseline = 'alphabetic';
    ctx.setLineDash([3 * unit, 3 * unit]);

    const ends = [];                // of texts, in each row of them

    for (const { time, text } of marks()) {
        const x = Math.round(u.valToPos(time / 1000, 'x', true));
        const width = ctx.measureText(text).width + 8 * unit;
        const from = x + width > bbox.left + bbox.width ? x - width : x;

        if (x < bbox.left || x > bbox.left + bbox.width) {
            continue;
        }

        const free = ends.findIndex((end) => end <= from);
        const row = free < 0 ? ends.length : free;

        ends[row] = Math.max(x, from + width);

        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        ctx.fillText(text, from + 4 * unit, bbox.top + (10 + 14 * row) * unit);
    }

    ctx.restore();
}


function marks() {
    const { status } = known;

    if (!status) {
        return [];
    }

    const policies = status.history.map((one) => ({
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

    return [...policies, ...splits].sort((a, b) => a.time - b.time);
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
