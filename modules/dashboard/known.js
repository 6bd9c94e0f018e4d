/*
 * known.js: ten minutes of what the server said, and the differences, which
 * are what the page shows.
 */

const KEPT = 10 * 60 * 1000;        // ms that charts go back
const MINUTE = 60 * 1000;           // what rates of tenants are taken over
const MOMENT = 10 * 1000;           // what the big numbers are taken over
const HOLE = 6000;                  // ms without a sample that break a line

/* Tenants that are none of the policy's. */
const TENANTS = {
    '': 'without a tenant',
    '*': 'all others',
    '_other': 'beyond max_series'
};

/* samples: the newest last */
const known = {
    samples: [],
    status: null,
    usage: new Map(),               // tenant: {day, month}
    summary: null,
    began: null,                    // of the counters
    bounds: [],                     // of buckets, ms; the last one has none
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
        buckets: new Array(known.bounds.length + 1).fill(0)
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

    known.bounds = summary.bounds.map((seconds) => 1000 * seconds);

    const tenants = new Map(summary.tenants.map((one) =>
        [one.tenant, tenantOf(one)]));

    if (tenants.get('*').requests === 0) {
        tenants.delete('*');
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
    const { bounds } = known;
    const all = buckets.reduce((a, b) => a + b, 0);
    let rank = q * all;

    if (all <= 0) {
        return null;
    }

    for (const [i, n] of buckets.entries()) {
        if (n > 0 && rank <= n) {
            const low = i === 0 ? 0 : bounds[i - 1];

            return i === bounds.length ? Infinity
                                       : low + (bounds[i] - low) * rank / n;
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


/* Reasons by refusals since then, the commonest first; those since counters
   began break ties, and stand in for the rest while there is one sample. */
function reasonsBy(since) {
    const { reasons } = newest();
    const n = (key) => reasons.get(key).count
                       - (since?.reasons.get(key)?.count ?? 0);

    return [...reasons.keys()].sort((a, b) => n(b) - n(a)
        || reasons.get(b).count - reasons.get(a).count);
}
