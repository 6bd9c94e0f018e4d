// cel.mjs LIBRARY: for each line read, nanoseconds of each expression of
// cel.json by a library for node, "-" where it does not take it.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [, , library, file, modules] = process.argv;
const require = createRequire(modules + "/");
const load = (name) => import(pathToFileURL(require.resolve(name)));

const input = JSON.parse(readFileSync(file));
const { expressions, ...plain } = input;

// the same values as each library wants them
function as(value, int, map) {
    if (Array.isArray(value)) {
        return value.map((v) => as(v, int, map));
    }

    if (typeof value === "object") {
        return map(Object.entries(value).map(([k, v]) => [k, as(v, int, map)]));
    }

    return typeof value === "number" ? int(value) : value;
}

const libraries = {
    async "@bufbuild/cel"() {
        const { celEnv, parse, plan } = await load("@bufbuild/cel");
        const values = Object.fromEntries(Object.entries(plain).map(
            ([k, v]) => [k, as(v, BigInt, (e) => new Map(e))]));

        return (text) => {
            const run = plan(celEnv(), parse(text));
            return () => run(values);
        };
    },

    async "@marcbachmann/cel-js"() {
        const { Environment } = await load("@marcbachmann/cel-js");
        const values = as(plain, BigInt, Object.fromEntries);
        const env = new Environment();

        for (const name of Object.keys(plain)) {
            env.registerVariable(name, "map");
        }

        return (text) => {
            const run = env.parse(text);
            return () => run(values);
        };
    },

    async "cel-js"() {
        const { parse, evaluate } = await load("cel-js");

        return (text) => {
            const { cst } = parse(text);
            return () => evaluate(cst, plain);
        };
    },
};

function time(run, times) {
    const start = process.hrtime.bigint();

    for (let i = 0; i < times; i++) {
        if (run() !== true) {
            throw new Error("not true");
        }
    }

    return Number(process.hrtime.bigint() - start);
}

const compile = await libraries[library]();

const subjects = Object.values(expressions).map((text) => {
    try {
        const run = compile(text);
        let times = 1;

        time(run, times);
        time(run, 2000);

        while (time(run, times) < 2e7) {
            times *= 2;
        }

        return { run, times };

    } catch {
        return null;
    }
});

for await (const line of createInterface({ input: process.stdin })) {
    console.log(subjects.map((s) => s ? time(s.run, s.times) / s.times : "-")
                        .join(" "));
}
