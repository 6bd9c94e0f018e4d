/*
 * sections.js: all other parts of the page, one function each.
 */

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


/* Refusals */

function showReasons() {
    const last = newest();
    const moment = before(MOMENT);
    const first = known.samples[0];

    if (last.reasons.size === 0) {
        $('reasons').replaceChildren(make('p', 'none', 'Nothing was refused.'));
        return;
    }

    const columns = [
        { title: 'Reason' },
        { title: 'Per second', n: true },
        { title: first === last ? 'Lately'
                                : `Last ${span(last.time - first.time)}`,
          n: true },
        { title: 'In all', n: true }
    ];
    const { table, body } = makeTable('Refusals by reason', columns);

    table.classList.add('three');

    body.append(...reasonsBy(first).map((key) => {
        const one = last.reasons.get(key);
        const [verdict, reason, rule, limit] = JSON.parse(key);
        const about = [rule && `rule ${rule}`, limit && `limit ${limit}`,
                       verdict === 'dry_run' && 'only reported (dry run)',
                       mostly(one)].filter(Boolean).join(', ');
        const now = moment ? refusals(key, moment, last) : null;

        return makeRow(columns, [
            [reason, make('span', 'sub', about)],
            make('span', now > 0 ? 'hot' : '', rate(now)),
            count(one.count - (first.reasons.get(key)?.count ?? 0)),
            count(one.count)
        ]);
    }));

    $('reasons').replaceChildren(table);
}


/* Whom and what it meets the most. */
function mostly({ most }) {
    return most && (most.tenant || most.route)
        ? `mostly ${[most.tenant && `tenant ${nameOfTenant(most.tenant)}`,
                         most.route && `route ${most.route}`]
                        .filter(Boolean).join(' on ')}`
        : '';
}


/* Policy history */

function showHistory() {
    const { history } = known.status;

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
        : store.nodes === 1 ? '1 node uses it.'
                            : `${store.nodes} nodes share it.`);

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


const WORKERS = [
    { title: 'Process' },
    { title: 'Policy' },
    { title: 'Generation', n: true },
    { title: 'Pins', n: true }
];


function showWorkers() {
    const { status } = known;
    const { table, body } = makeTable('Workers', WORKERS);

    table.classList.add('three');

    body.append(...status.workers.map((one) => {
        const [word, kind] = one.generation === status.generation
            ? ['current', 'good']
            : one.generation === 0 ? ['idle', ''] : ['older', 'warn'];

        return makeRow(WORKERS, [
            [String(one.pid), make('span', 'sub', one.leader ? 'leader' : '')],
            badge(word, kind), count(one.generation), count(one.pins)
        ]);
    }));

    $('workers').replaceChildren(table);
}


function showMemory() {
    const { series } = known.summary;
    const rows = known.status.memory.map(
        ({ part, bytes: size, used: n = null }) => [part, ...(n === null
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
