/*
 * splits.js: splits, their arms, and what guards find.
 */

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

const ARMS = [
    { title: 'Arm' },
    { title: 'Share', name: 'share' },
    { title: 'Requests', n: true },
    { title: 'Errors', n: true },
    { title: 'p95', n: true },
    { title: 'Breaker' }
];


function showSplits() {
    const entries = Object.entries(known.status.splits);

    $('no-splits').hidden = entries.length > 0;
    $('splits').replaceChildren(...entries.map(([name, split]) =>
        splitCard(name, split)));
}


function splitCard(name, split) {
    const [word, kind] = STATES[split.state] ?? [split.state, ''];
    const head = make('header', '', make('h3', '', name),
                      badge(split.pinned ? `pinned to ${split.pinned}` : word,
                            kind));
    const { table, body } = makeTable(`Arms of ${name}`, ARMS);

    if (split.guard && split.state === 'serving') {
        const [found, how] = findingOf(split.guard);

        head.append(badge(`canary: ${found}`, how));
    }

    head.append(make('span', 'muted', stateText(split)));
    body.append(...Object.entries(split.arms).map(([arm, counted]) =>
        armRow(name, split, arm, counted)));

    return make('article', 'split', head, table,
                make('p', 'muted', guardText(split)));
}


function findingOf(guard) {
    return FINDINGS[guard.finding] ?? [guard.finding, ''];
}


function stateText(split) {
    const step = split.steps > 0
        ? [`step ${split.step} of ${split.steps}`] : [];
    const since = split.since
        ? [`for ${span(newest().time - Date.parse(split.since))}`] : [];
    const hand = split.by_hand ? ['by hand'] : [];

    return [...step, ...hand, ...since].join(', ');
}


/* Errors of the last minute; p95 of the guard's window, where it looks. */
function armRow(name, split, arm, counted) {
    const old = before(MINUTE)?.splits?.[name]?.arms[arm] ?? null;
    const requests = old ? counted.requests - old.requests : null;
    const wrong = requests > 0
        ? (counted.errors - old.errors) / requests : null;
    const seen = split.guard?.seen[arm];
    const weight = split.weights[arm];

    return makeRow(ARMS, [
        [arm, make('span', 'sub', `upstream ${counted.upstream}`)],
        [`${weight} %`, bar(weight / 100, '')],
        count(counted.requests),
        make('span', wrong >= LOOK.errors ? 'hot' : '', percent(wrong)),
        seen && seen.requests > 0 ? latency(seen.p95_us / 1000) : '–',
        breakerText(counted.breaker)
    ]);
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
        ? `The guard found that ${guard.arm} ${found} and took it out. `
          + 'Somebody has to resume it.'
        : `The guard compares ${says.join(' with ')} within its window: `
          + `${found}. `
          + (guard.action === 'rollback'
             ? `It takes ${guard.arm} out when that fails.`
             : 'It only reports.');
}
