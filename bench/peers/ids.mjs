// jsforce for the failures: prints the ids it was given, or what it said went wrong.
import { createRequire } from 'node:module';

const [, , folder, url, token, way, soql] = process.argv;
const jsforce = createRequire(`${folder}/`)('jsforce');
const conn = new jsforce.Connection({ instanceUrl: url, accessToken: token, version: '66.0' });

const heard = (query) =>
  new Promise((done, failed) => {
    const ids = [];
    query.on('record', (row) => ids.push(row.Id)).on('end', () => done(ids)).on('error', failed);
    query.run?.({ autoFetch: true, maxFetch: 1e9, scanAll: true }).catch(failed);
  });

const ways = {
  rest: () => heard(conn.query(soql)),
  bulk2: async () => heard(await conn.bulk2.query(soql, { pollInterval: 100, pollTimeout: 9000, scanAll: true })),
  create: async () => [(await conn.sobject('Task').create({ Subject: 'Only once' })).id],
};
let told;
try {
  told = { ids: await ways[way]() };
} catch (error) {
  told = { error: error.name };
}
process.stdout.write(JSON.stringify(told), () => process.exit(0));
