// What an operator sees on the dashboard, as it happens: a real Chromium looks
// at a real nginx that is under load.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { build, Gateway, policy } from './gateway.mjs';

const packages = createRequire(join(build, 'deps/browser/'));
const { chromium } = packages('playwright-core');
const { source: axe } = packages('axe-core');

const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1280, height: 900 };
const LONG = { timeout: 20000 };

const gateway = new Gateway();
const wrong = [];                   // complaints of the console, requests away
let browser;
let page;
let quiet = true;                   // whether the console may say nothing


// A page that tells what goes wrong in it.
async function open(viewport, colorScheme = 'light') {
    const context = await browser.newContext({
        viewport, colorScheme, deviceScaleFactor: 1,
        reducedMotion: 'reduce'
    });
    const page = await context.newPage();

    page.on('console', (message) => {
        if (quiet && ['error', 'warning'].includes(message.type())) {
            wrong.push(`console: ${message.text()}`);
        }
    });
    page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
    page.on('request', (request) => {
        const url = new URL(request.url());

        if (url.protocol !== 'data:'
            && `${url.origin}${url.pathname}`
               !== `${gateway.url}/weir/dashboard`)
        {
            wrong.push(`request: ${request.url()}`);
        }
    });

    await page.goto(`${gateway.url}/weir/dashboard`);
    await page.locator('#live[data-state=live]').waitFor(LONG);

    return page;
}


function picture(page, name, fullPage = true) {
    return page.screenshot({
        path: join(build, `browser/${name}.png`), fullPage
    });
}


// Once there is such a text in such an element.
function sees(selector, text, among = page) {
    return among.locator(selector).filter({ hasText: text }).first()
           .waitFor(LONG);
}


// The first number of an element.
async function number(selector) {
    return Number.parseFloat(await page.locator(selector).textContent());
}


// Once that holds of a number.
async function becomes(selector, holds) {
    let n;

    for (let i = 0; i < 100; i++) {
        n = await number(selector);

        if (holds(n)) {
            return n;
        }

        await page.waitForTimeout(200);
    }

    assert.fail(`${selector} is ${n}`);
}


// Rules that axe finds broken, and where.
async function broken(page) {
    await page.evaluate(axe);

    const { violations } = await page.evaluate(() => window.axe.run());

    return violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) =>
            `${id}: ${target} ${failureSummary}`));
}


// Whether something reaches beyond the right edge.
function tooWide(page) {
    return page.evaluate(() =>
        document.documentElement.scrollWidth - innerWidth);
}


before(async () => {
    await gateway.start(policy({ serial: 1 }));

    browser = await chromium.launch({
        executablePath: process.env.CHROMIUM,
        args: ['--no-sandbox', '--disable-dev-shm-usage']
    });

    gateway.load(25, '/orders/1', 'globex');
    gateway.load(20, '/catalog/1', 'initech');
    gateway.load(4, '/orders/2', '__proto__');
    gateway.load(2, '/orders/3',
        'a-tenant-with-an-unusually-long-name.that-hardly.fits_into-any-column');
    gateway.load(2, '/nowhere', 'globex');

    page = await open(DESKTOP);
});


after(async () => {
    gateway.rest();
    await browser?.close();
    await gateway.down();
    await gateway.stopStore();
});


test('what is served, and how fast', async () => {
    await sees('#policy', 'shop');
    await sees('#facts', 'Serial1');
    await becomes('#n-rate', (n) => n > 30 && n < 80);
    await sees('#n-errors', '0 %');
    await becomes('#n-p95', (n) => n >= 10 && n < 60);
    await sees('#rows tr', 'initech');
    await sees('#rows tr', '__proto__');
    await sees('#splits .badge', 'serving');
    await sees('#store-state', 'well');
    await sees('#store-says', '1 node');
    assert.equal(await page.locator('#workers tbody tr').count(), 2);
});


test('a burst of refusals, whom it meets and why', async () => {
    const load = gateway.load(50, '/orders/4', 'acme');

    await sees('#look li', 'refusals');
    await becomes('#n-refused', (n) => n > 3);
    await sees('#reasons tr', 'limit small.day');
    await sees('#reasons tr', 'mostly tenant acme on route orders');
    await sees('#look li', 'acme has used 100 % of small.day');
    await sees('#rows tr', 'acme');
    await sees('#rows tr .quota', '100 % of small.day, 0 of 40 left');
    await sees('#keys-refused li', 'small.day');
    load.stop();

    const { reasons } = await gateway.ask('summary');
    const refused = reasons.find((one) => one.limit === 'small.day');

    assert.equal(refused.count, load.statuses[429]);
});


test('a canary that fails is taken out, and that is said', async () => {
    const load = gateway.load(60, '/catalog/broken', 'initech');

    await sees('#splits .badge', 'rolled back');
    await sees('#look .bad', 'Split catalog: next was taken out by its guard');
    await sees('#say', 'Split catalog: next was taken out by its guard');
    await sees('#splits tbody tr', 'next');
    load.stop();
    await picture(page, 'rollback');

    await gateway.order('split=catalog&order=resume');
    await sees('#splits .badge', 'serving');
    await gateway.order('split=catalog&order=pin&arm=stable');
    await sees('#splits .badge', 'pinned to stable');
    await gateway.order('split=catalog&order=resume');
    await sees('#splits .badge', 'serving');
});


test('a policy takes the place of another, and a bad one does not', async () => {
    gateway.place(policy({ serial: 2, deny: 'tenant.id == "initech"' }));
    await sees('#facts', 'Serial2');
    await sees('#say', 'serial 2');
    await sees('#reasons tr', 'rule closed-for-stocktaking');
    await sees('#by-policy', 'serial 2');
    await sees('#history li', 'serial 2, generation 2');

    gateway.spoil();
    await sees('#look .warn', 'policy refused');
    await sees('#history li', 'refused');
    await sees('#say', 'A policy was refused.');

    gateway.place(policy({ serial: 3 }));
    await sees('#facts', 'Serial3');
    await picture(page, 'swap');
});


for (const [size, viewport] of Object.entries({ phone: PHONE,
                                                desktop: DESKTOP }))
{
    for (const colorScheme of ['light', 'dark']) {
        test(`${size}, ${colorScheme}: readable for all`, async () => {
            await page.setViewportSize(viewport);
            await page.emulateMedia({ colorScheme });
            await page.waitForTimeout(300);
            await picture(page, `${size}-${colorScheme}`);
            assert.ok(await tooWide(page) <= 0, 'nothing sticks out');
            assert.deepEqual(await broken(page), []);
        });
    }
}


test('tenants are sorted and filtered by keyboard', async () => {
    const names = () => page.locator('#rows th').allTextContents();

    await page.locator('#filter').focus();
    await page.keyboard.type('INI');
    assert.deepEqual(await names(), ['initech']);
    await sees('#found', '1 of');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('nobody');
    await sees('#no-tenants', 'No tenant has this in its name.');
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Delete');

    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('#tenants thead th').first()
                 .getAttribute('aria-sort'), 'ascending');

    const up = await names();

    assert.deepEqual(up, up.toSorted?.((a, b) => a.localeCompare(b))
                         ?? [...up].sort((a, b) => a.localeCompare(b)));
    await page.keyboard.press('Space');
    assert.deepEqual(await names(), up.reverse());
    await sees('#say', 'Sorted by Tenant');
});


test('the keyboard comes everywhere, and one sees where', async () => {
    const seen = [];

    const page = await open(DESKTOP);

    await sees('#rows tr', 'initech', page);

    for (let i = 0; i < 40; i++) {
        await page.keyboard.press('Tab');

        const at = await page.evaluate(() => {
            const e = document.activeElement;
            const { outlineStyle, outlineWidth } = getComputedStyle(e);

            return e === document.body ? null : {
                name: e.getAttribute('aria-label') || e.textContent.trim()
                      || e.id,
                lit: outlineStyle !== 'none' && outlineWidth !== '0px'
            };
        });

        if (!at || at.name === seen[0]) {
            break;
        }

        assert.ok(at.lit, `${at.name} shows its focus`);
        seen.push(at.name);
    }

    for (const name of ['Skip to the numbers', 'filter', 'Tenant', 'Requests',
                        'Quota used'])
    {
        assert.ok(seen.includes(name), `${name} is reached: ${seen}`);
    }

    await page.locator('.skip').focus();
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
    await page.context().close();
});


test('what is hostile is text', async () => {
    const evil = '"><script>window.hit = 1</script><img src=x onerror='
                 + '"window.hit = 1"><b class="evil">';
    const page = await open(DESKTOP);

    await page.route('**/*show=summary', async (route) => {
        const response = await route.fetch();
        const body = await response.json();

        body.tenants.unshift({ ...body.tenants[0], tenant: evil, quota: {
            limit: evil, remaining: 1, capacity: 100
        } });
        body.reasons.unshift({
            verdict: 'deny', reason: evil, rule: evil, limit: evil,
            count: 1e6 + body.time % 1e6,
            most: { tenant: evil, route: evil, count: 1 }
        });
        await route.fulfill({ response, json: body });
    });
    await page.route('**/*show=status', async (route) => {
        const response = await route.fetch();
        const body = await response.json();
        const [split] = Object.values(body.splits);

        body.policy = body.version = body.digest = evil;
        body.last_rejection = { time: '2099-01-01T00:00:00Z', reason: evil };
        body.history = [
            { time: body.loaded, event: 'rejected', reason: evil, text: evil },
            { time: body.loaded, event: 'swapped', serial: evil,
              generation: evil, digest: evil }
        ];
        body.memory = [{ part: evil, bytes: 100, used: 99 }];
        body.workers[0].pid = evil;
        body.splits[evil] = { ...split, state: evil, since: evil,
                              arms: { [evil]: split.arms.stable },
                              weights: { [evil]: 5 } };
        body.store = {
            topology: evil, circuit: evil, connections: 1, pending: 0,
            calls: { [evil]: 1 }, reconnects: 0, latency_us: 1, error: evil,
            nodes: 1, clock_error_us: 1
        };
        await route.fulfill({ response, json: body });
    });

    for (const place of ['#policy', '#facts', '#look', '#reasons', '#rows',
                         '#keys-refused', '#splits', '#history', '#store',
                         '#memory', '#workers', '#about'])
    {
        await sees(place, '"><script>', page);
    }

    assert.equal(await page.locator('.evil, main img, main script').count(), 0);
    assert.equal(await page.evaluate(() => window.hit), undefined);
    assert.ok(await tooWide(page) <= 0, 'and breaks no line');
    await page.unrouteAll({ behavior: 'wait' });
    await page.context().close();
});


test('nothing runs that is not the page’s own', async () => {
    quiet = false;
    await page.evaluate(() => {
        const script = document.createElement('script');

        script.textContent = 'window.hit = 2';
        document.body.append(script);
    });
    assert.equal(await page.evaluate(() => window.hit), undefined);
    quiet = true;
});


test('a store that is away, and comes back', async () => {
    await gateway.stopStore();
    await sees('#store-state', 'away');
    await sees('#look .bad', 'store away');
    gateway.startStore();
    await sees('#store-state', 'well');
});


test('while the server is away it says so, and then goes on', async () => {
    quiet = false;
    await gateway.down();
    await sees('#live', 'The server does not answer');
    await sees('#say', 'The server does not answer');
    await picture(page, 'away', false);
    assert.ok(await page.evaluate(() => {
        scrollTo(0, 10000);

        return document.getElementById('live').getBoundingClientRect().top
               < innerHeight;
    }), 'wherever one looks');
    assert.deepEqual(await broken(page), []);
    await gateway.up();
    await page.locator('#live[data-state=live]').waitFor(LONG);
    await sees('#say', 'The server answers again.');
    await page.waitForTimeout(500);
    quiet = true;
});


test('the console is empty, and nobody else was asked', () => {
    assert.deepEqual(wrong, []);
});
