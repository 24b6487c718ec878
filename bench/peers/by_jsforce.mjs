// jsforce as its users use it: `rest` is told each record, `bulk2` streams the parsed CSV of query jobs.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const [, , file, way, folder] = process.argv;
const jsforce = createRequire(`${folder}/`)('jsforce');
const task = JSON.parse(fs.readFileSync(file, 'utf8'));
const conn = new jsforce.Connection({ instanceUrl: task.facts.url, accessToken: task.token, version: '66.0' });

const rest = (soql) =>
  new Promise((done, failed) => {
    let rows = 0;
    const query = conn.query(soql).on('record', () => (rows += 1));
    query.on('end', () => done(rows)).on('error', failed);
    query.run({ autoFetch: true, maxFetch: 1e9, scanAll: true }).catch(failed);
  });

const bulk2 = async (soql) => {
  let rows = 0;
  const records = await conn.bulk2.query(soql, { pollInterval: 100, pollTimeout: 600000, scanAll: true });
  await new Promise((done, failed) => records.on('record', () => (rows += 1)).on('end', done).on('error', failed));
  return rows;
};

const began = performance.now();
let rows = 0;
for (const soql of Object.values(task.queries)) rows += await { rest, bulk2 }[way](soql);
console.log(JSON.stringify({ rows, seconds: (performance.now() - began) / 1000 }));
