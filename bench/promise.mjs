// promise.mjs DIR JSON RATE CONNS: goes through all that bench/promise
// recorded in DIR, prints figures as bench/run does, and writes JSON for
// bench/chart.  The exit code is 1 where a promise is broken.
//
// The gateway has one worker: a policy or an order that it has answered one
// request by holds for every request that was sent after that answer came.

import fs from 'node:fs';

const [dir, out, rate, conns] = process.argv.slice(2);
const read = (name) => fs.readFileSync(`${dir}/${name}`, 'utf8').trim();
const rows = (name) => read(name).split('\n').map((line) => line.split(' '));

// nanoseconds since 1970 do not fit a number; microseconds do
const us = (text) => Number(text) / 1000;

const users = rows('users').map(([, , path, odd, even]) => ({
    path, status: [even.split(','), odd.split(',')],
}));
const events = rows('events');
const crowd = JSON.parse(read('crowd'));
const records = rows('records').map((
    [user, due, sent, answered, status, policy, arm],
) => ({
    user: users[user], due: us(due), sent: us(sent), answered: us(answered),
    status, serial: Number(policy.split('/')[1]), arm,
}));

let held = true;
const result = { about: { rate: Number(rate), conns: Number(conns),
                          users: users.length } };

// figure NAME VALUE UNIT [OP AIM]
function figure(name, value, unit, op, aim) {
    const v = Number.isInteger(value) ? value : Number(value.toPrecision(3));
    const ok = op === undefined
        || (op === '<' ? v < aim : op === '<=' ? v <= aim : v >= aim);

    console.log(`bench promise_${name} ${v} ${unit}`
                + `${op ? ` (aim ${op} ${aim})` : ''} ${v}..${v} over 1`);
    result[name] = { value: v, unit, aim: op && `${op} ${aim}`, ok };
    held &&= ok;
}

const shown = {};

function complain(what, r) {
    shown[what] = (shown[what] ?? 0) + 1;

    if (shown[what] <= 3) {
        console.error(`promise: ${what}: ${JSON.stringify(r)}`);
    }
}

const answered = records.filter((r) => r.answered > 0);
const statuses = {};
const classes = {};             // as metrics have them

// the moment from which on each serial must be what decides
const first = new Map();

for (const r of answered) {
    first.set(r.serial, Math.min(first.get(r.serial) ?? Infinity, r.answered));
    statuses[r.status] = (statuses[r.status] ?? 0) + 1;

    const code = `${r.status[0]}xx`;
    classes[code] = (classes[code] ?? 0) + 1;
}

const serials = [...first].sort((a, b) => a[0] - b[0]);
const orders = events.filter(([what]) => what === 'order')
    .map(([, arm, begun, done]) => ({ arm, begun: us(begun), done: us(done) }));

for (const r of records) {
    if (r.answered === 0) {
        complain('lost', r);
        continue;
    }

    if (!r.user.status[r.serial % 2]?.includes(r.status)) {
        complain('verdict', r);
    }

    if (serials.some(([serial, at]) => serial > r.serial && r.sent > at)) {
        complain('old policy', r);
    }

    // what is refused before a split has no arm
    const last = orders.findLast((o) => o.done < r.sent);
    const meanwhile = orders.some((o) => o.begun < r.answered
                                         && o.done > r.sent);

    if (r.status === '200' && last && last.arm !== 'resume' && !meanwhile
        && r.arm !== last.arm)
    {
        complain('old arm', r);
    }
}

// how long after it was there a policy decided for the first time
const deploys = events.filter(([what]) => what === 'deploy').slice(1)
    .map(([, serial, begun, there]) => ({
        serial: Number(serial), compile: (us(there) - us(begun)) / 1000,
        swap: (first.get(Number(serial)) - us(there)) / 1000,
    }));
const missed = deploys.filter((d) => !(d.swap < 2000)).length;

// answers that were due around a swap
const near = answered.filter((r) => deploys.some((d) => {
    const at = first.get(d.serial);
    return r.due > at - 200000 && r.due < at + 200000;
})).map((r) => (r.answered - r.due) / 1000).sort((a, b) => a - b);

const counted = {};

for (const line of read('metrics').split('\n')) {
    const found = /^weir_http_requests_total\{.*code="(\w+)".*\} (\d+)$/
        .exec(line);

    if (found) {
        counted[found[1]] = (counted[found[1]] ?? 0) + Number(found[2]);
    }
}

const uncounted = Object.keys({ ...counted, ...classes }).reduce(
    (n, code) => n + Math.abs((counted[code] ?? 0) - (classes[code] ?? 0)), 0);

const took = (records.at(-1).due - records[0].due) / 1e6;
const usage = (when) => events.filter(([what, w]) => what === 'usage'
                                                    && w === when);
const most = (list, column) => Math.max(...list.map((e) => Number(e[column])));
const middle = (values) => [...values].sort((a, b) => a - b)[
    (values.length - 1) >> 1];

figure('rate', Math.round(answered.length / took), 'requests/s', '>=',
       Number(rate) * 0.99);
figure('connections', crowd.conns, 'at_once', '>=', Number(conns));
figure('tenants', users.length, 'at_once', '>=', 1000);
figure('p50', crowd.p50_us / 1000, 'ms');
figure('p95', crowd.p95_us / 1000, 'ms', '<', 100);
figure('p99', crowd.p99_us / 1000, 'ms');
figure('longest', crowd.max_us / 1000, 'ms');
figure('lost', records.length - answered.length + crowd.broken, 'requests',
       '<=', 0);
figure('wrong_verdicts', shown.verdict ?? 0, 'answers', '<=', 0);
figure('old_policies', shown['old policy'] ?? 0, 'answers', '<=', 0);
figure('old_arms', shown['old arm'] ?? 0, 'answers', '<=', 0);
figure('uncounted', uncounted, 'requests', '<=', 0);
figure('deploys', deploys.length, 'under_load', '>=', 2);
figure('deploys_missed', missed, 'under_load', '<=', 0);
figure('flips', orders.length, 'under_load', '>=', 3);
figure('compile', middle(deploys.map((d) => d.compile)), 'ms');
figure('swap', middle(deploys.map((d) => d.swap)), 'ms', '<', 2000);
figure('p99_at_swaps', near[Math.floor(near.length * 0.99)] ?? NaN, 'ms');
figure('rss_idle', most(usage('idle'), 2) / 1024, 'MB');
figure('rss', most(usage('load'), 2) / 1024, 'MB');
figure('files', most(usage('load'), 3), 'open');

result.about.statuses = statuses;
console.log(`promise: ${JSON.stringify(statuses)}; `
            + `${held ? 'held' : 'broken'}`);

fs.writeFileSync(out, JSON.stringify(result, null, 2) + '\n');
process.exitCode = held ? 0 : 1;
