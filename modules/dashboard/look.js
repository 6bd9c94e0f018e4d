/*
 * look.js: what needs somebody to look at it, each as a kind (a class), a word
 * and a sentence.
 */

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
    const [last] = status.history;
    const items = [];

    if (last?.event === 'rejected') {
        items.push(['warn', 'policy refused',
                    'A newer image was refused at '
                    + `${clock(Date.parse(last.time))}: ${last.text}. The one `
                    + 'before it serves.']);
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
    const { errors: all } = newest();
    const errors = all - (before(MINUTE)?.errors ?? all);

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

    for (const { part, bytes: size, used: n } of known.status.memory) {
        if (n >= LOOK.used * size) {
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
