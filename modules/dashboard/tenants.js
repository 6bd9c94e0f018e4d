/*
 * tenants.js: the table of tenants, which is sorted and filtered.
 */

const ROWS = 20;                    // tenants shown until all are wanted

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
    { title: 'Quota used', of: (row) => row.used, name: 'quota' }
];

const tenants = {
    by: 1, down: true, all: false, filter: '',
    table: null,                    // {table, head, body}
    rows: new Map()                 // tenant: row
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

    return rows.sort(of
        ? (a, b) => sign * (value(a) - value(b)) || byName(a, b)
        : (a, b) => sign * byName(a, b));
}


function showTenants() {
    const all = tenantRows();
    const wanted = tenants.filter.toLowerCase();
    const found = sorted(all.filter((row) =>
        row.name.toLowerCase().includes(wanted)));
    const shown = tenants.all ? found : found.slice(0, ROWS);
    const lines = shown.map((row) => rowOf(row));
    const { body } = tenants.table;

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
    const last = COLUMNS.length - 1;
    let line = tenants.rows.get(row.id);

    if (!line) {
        line = makeRow(COLUMNS, COLUMNS.map((column, i) =>
            i === last ? [] : make('span')));
        tenants.rows.set(row.id, line);
    }

    COLUMNS.slice(0, last).forEach((column, i) => {
        const [text] = line.children[i].children;

        write(text, column.text(row));
        text.classList.toggle('hot', Boolean(column.hot?.(row)));
    });

    showQuota(line.children[last], row);

    return line;
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


/* The table is made once, and stays: focus and order are its own. */
function makeTenants() {
    tenants.table = makeTable('Tenants', COLUMNS);

    const { table, head, body } = tenants.table;

    table.classList.add('sorted');
    body.id = 'rows';

    [...head.children].forEach((th, i) => {
        const button = make('button', 'sort', COLUMNS[i].title);

        button.type = 'button';
        button.addEventListener('click', () => sortBy(i));
        th.replaceChildren(button);
    });

    $('tenants').append(table);
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
    [...tenants.table.head.children].forEach((th, i) => {
        if (i === tenants.by) {
            th.setAttribute('aria-sort', tenants.down ? 'descending'
                                                      : 'ascending');
        } else {
            th.removeAttribute('aria-sort');
        }
    });
}
