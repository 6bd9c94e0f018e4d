// gateway.mjs: an nginx with the module, its policy, and clients that load it.
//
// All of it lies in build/browser/root and dies with the process.

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync }
    from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const build = process.env.BUILD;

const root = join(build, 'browser/root');
const nginx = join(build, 'nginx');
const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });


// The policy; what changes between versions comes in as text.
export function policy({ serial, limit = '100000/s', deny = 'false' }) {
    return `
weir: 1
policy: {name: shop, serial: ${serial}}
lists:
  here: {cidr: [127.0.0.0/8]}
tenants:
  resolve: [{header: x-tenant, trust: [lists.here]}]
  list:
    acme: {plan: small}
    globex: {plan: large}
    initech: {plan: large}
    __proto__: {plan: large}
    a-tenant-with-an-unusually-long-name.that-hardly.fits_into-any-column: {plan: large}
plans:
  small: {quota: {day: 40}}
  large: {quota: {month: 1000000}}
limits:
  per-tenant: {key: [tenant.id], rate: ${limit}, burst: 5}
splits:
  catalog:
    sticky: 'request.headers["x-user"]'
    salt: of-this-test
    arms:
      stable: {weight: 70, upstream: stable}
      next: {weight: 30, upstream: next}
    guard: {arm: next, versus: stable, window: 2s, min_requests: 20, error_rate: 5%, p95_ratio: 5}
deny:
  - {id: closed-for-stocktaking, when: '${deny}', status: 403}
routes:
  - {id: catalog, match: {path: "/catalog/**"}, public: true, split: catalog}
  - {id: orders, match: {path: "/orders/**"}, allow: [{id: all, when: "true"}], limits: [per-tenant]}
`;
}


function configuration(ports) {
    return `
load_module ${nginx}/modules/ngx_http_weir_module.so;
daemon off;
worker_processes 2;
pid nginx.pid;
error_log error.log info;
events {}
http {
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path tmp;
    proxy_temp_path tmp;
    fastcgi_temp_path tmp;
    uwsgi_temp_path tmp;
    scgi_temp_path tmp;

    weir_policy shop.weir check=100ms;
    weir_redis unix:${root}/redis.sock;

    upstream stable { server 127.0.0.1:${ports[1]} max_fails=0; }
    upstream next   { server 127.0.0.1:${ports[2]} max_fails=0; }

    server {
        listen 127.0.0.1:${ports[1]};
        location / { return 200 "stable\\n"; }
    }

    server {
        listen 127.0.0.1:${ports[2]};
        location / { return 200 "next\\n"; }
        location /catalog/broken { return 500 "next\\n"; }
    }

    server {
        listen 127.0.0.1:${ports[0]};

        location /catalog/ {
            weir on;
            proxy_pass http://$weir_upstream;
        }

        location /orders/ {
            weir on;
            weir_test_delay 20ms;
            return 200 "ok\\n";
        }

        location = /weir/dashboard { weir off; weir_dashboard; }
        location = /weir/control { weir off; weir_control; }
        location / { return 404; }
    }
}
`;
}


async function stopped(process, signal) {
    const gone = new Promise((done) => process.once('exit', done));

    process.kill(signal);
    await gone;
}


async function freePorts(n) {
    const first = Number(process.env.TEST_NGINX_PORT || 0);

    if (first) {
        return Array.from({ length: n }, (_, i) => first + i);
    }

    const servers = await Promise.all(Array.from({ length: n }, () =>
        new Promise((done) => {
            const server = net.createServer().listen(0, '127.0.0.1',
                                                     () => done(server));
        })));
    const ports = servers.map((server) => server.address().port);

    await Promise.all(servers.map((server) =>
        new Promise((done) => server.close(done))));

    return ports;
}


export class Gateway {
    // Serves under the policy from now on.
    async start(source) {
        rmSync(root, { recursive: true, force: true });
        mkdirSync(join(root, 'tmp'), { recursive: true });

        this.ports = await freePorts(3);
        this.url = `http://127.0.0.1:${this.ports[0]}`;
        this.loads = new Set();

        writeFileSync(join(root, 'nginx.conf'), configuration(this.ports));
        this.place(source);
        this.startStore();
        await this.up();
    }

    startStore() {
        this.store = spawn('redis-server', [
            '--port', '0', '--unixsocket', join(root, 'redis.sock'),
            '--unixsocketperm', '777', '--dir', root, '--save', '',
            '--appendonly', 'no'
        ], { stdio: 'ignore' });
    }

    stopStore() {
        return stopped(this.store, 'SIGKILL');
    }

    async up() {
        this.process = spawn(join(nginx, 'sbin/nginx'),
                             ['-p', root, '-c', 'nginx.conf'],
                             { stdio: ['ignore', 'inherit', 'inherit'] });

        for (let i = 0; i < 300; i++) {
            try {
                await this.get('/weir/dashboard?show=status');
                return;
            } catch {
                await sleep(50);
            }
        }

        throw new Error(`nginx does not serve:\n${this.log()}`);
    }

    down() {
        return stopped(this.process, 'SIGTERM');
    }

    // Compiles a policy in place of the one before.
    place(source) {
        const file = join(root, 'shop.yaml');

        writeFileSync(file, source);
        execFileSync(join(build, 'bin/weir'),
                     ['compile', file, '-o', join(root, 'new.weir')]);
        renameSync(join(root, 'new.weir'), join(root, 'shop.weir'));
    }

    // What is no policy, in place of one.
    spoil() {
        writeFileSync(join(root, 'shop.weir'), 'no image at all');
    }

    get(path, headers = {}, method = 'GET') {
        return new Promise((done, failed) => {
            const request = http.request(this.url + path,
                                         { agent, headers, method });

            request.on('error', failed);
            request.on('response', (response) => {
                let body = '';

                response.setEncoding('utf8');
                response.on('data', (text) => { body += text; });
                response.on('end', () => done({
                    status: response.statusCode, headers: response.headers,
                    body
                }));
            });
            request.end();
        });
    }

    async ask(show) {
        return JSON.parse((await this.get(`/weir/dashboard?show=${show}`))
                          .body);
    }

    order(query) {
        return this.get(`/weir/control?${query}`, { 'Weir-Control': '1' },
                        'POST');
    }

    // So many requests a second of that kind, until it is stopped.
    load(perSecond, path, tenant) {
        const load = { sent: 0, statuses: {} };
        const once = async () => {
            load.sent++;

            try {
                const { status } = await this.get(path, {
                    'x-tenant': tenant, 'x-user': `user-${load.sent % 200}`
                });

                load.statuses[status] = (load.statuses[status] ?? 0) + 1;
            } catch {
                load.statuses.lost = (load.statuses.lost ?? 0) + 1;
            }
        };
        const timer = setInterval(once, 1000 / perSecond);

        load.stop = () => {
            clearInterval(timer);
            this.loads.delete(load);
        };
        this.loads.add(load);

        return load;
    }

    rest() {
        this.loads.forEach((load) => load.stop());
    }

    log() {
        return readFileSync(join(root, 'error.log'), 'utf8');
    }
}
