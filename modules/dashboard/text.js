/*
 * text.js: elements, tables, and numbers as people read them.  What comes from
 * the server enters the page here, as text only.
 */

'use strict';

/* From when on something needs a look. */
const LOOK = {
    errors: 0.05,                   // share of requests
    refused: 0.2,                   // share of requests
    rate: 1,                        // per second, below which shares say little
    used: 0.9                       // share of a quota, of memory, of series
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


function bar(share, kind = fullness(share)) {
    const full = make('span');

    full.style.width = `${100 * Math.min(Math.max(share, 0), 1)}%`;

    return make('span', `bar ${kind}`, full);
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


/*
 * Tables become cards on a small screen.  A browser forgets what they are when
 * their style says so, hence the roles; labels stand before the cells then.
 */

/* columns: {title, n: it has numbers, name: class}; the first one names rows */
function makeTable(label, columns) {
    const head = make('tr', '', ...columns.map((column) => {
        const th = make('th', nameOfClass(column), column.title);

        th.scope = 'col';

        return role(th, 'columnheader');
    }));
    const body = role(make('tbody'), 'rowgroup');
    const table = make('table', 'grid',
                       role(make('thead', '', role(head, 'row')), 'rowgroup'),
                       body);

    table.setAttribute('aria-label', label);

    return { table: role(table, 'table'), head, body };
}


function nameOfClass(column) {
    return [column.name, column.n && 'n'].filter(Boolean).join(' ');
}


/* cells: for each column, its text, elements, or an array of them. */
function makeRow(columns, cells) {
    return role(make('tr', '', ...columns.map((column, i) => {
        const cell = make(i === 0 ? 'th' : 'td', nameOfClass(column),
                          ...[cells[i]].flat());

        cell.dataset.label = column.title;

        return role(cell, i === 0 ? 'rowheader' : 'cell');
    })), 'row');
}


function role(element, name) {
    element.setAttribute('role', name);

    return element;
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
