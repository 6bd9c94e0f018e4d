/*
 * app.js: asks the page's own address for JSON every two seconds, less often
 * while nobody answers and not at all while nobody looks, and shows it.
 */

const EVERY = 2000;                 // ms between two questions
const PATIENCE = 8000;              // ms until an answer is given up
const SLOWEST = 30000;              // ms between questions while it is away
const USAGE_EVERY = 10000;

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

    asking.away.why = /^The /.test(error.message)
        ? error.message : 'The server does not answer';
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
    makeTenants();

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

    for (const query of ['(prefers-color-scheme: dark)',
                         '(max-width: 900px)'])
    {
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
