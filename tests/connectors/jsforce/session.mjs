// What users of jsforce do all day, told to standard output as one JSON object.
import jsforce from 'jsforce';

const { INSTANCE_URL: instanceUrl, ACCESS_TOKEN: accessToken } = process.env;
const conn = new jsforce.Connection({ instanceUrl, accessToken, version: '66.0' });
const told = {};

const everyone = await conn.query('SELECT Id, LastName FROM Contact ORDER BY LastName', { autoFetch: true, maxFetch: 9999 });
told.fetched = everyone.records.length;
told.different = new Set(everyone.records.map((row) => row.Id)).size;
told.counted = (await conn.query('SELECT COUNT() FROM Contact')).totalSize;
told.found = (await conn.sobject('Contact').find({ LastName: "O'Wren" }, ['Id', 'LastName']).limit(5)).length;

const made = await conn.sobject('Account').create({ Name: 'Lantern & Söhne' });
told.account = made.id;
told.updated = (await conn.sobject('Account').update({ Id: made.id, Industry: 'Retail' })).success;
told.read = (await conn.sobject('Account').retrieve(made.id)).Industry;

const task = { Coaching_Key__c: 'coach:task:0f', Subject: 'One' };
told.upserted = (await conn.sobject('Task').upsert(task, 'Coaching_Key__c')).success;
await conn.sobject('Task').upsert({ ...task, Subject: 'Two' }, 'Coaching_Key__c');
const many = Array.from({ length: 250 }, (_, n) => ({ Subject: `Bulk ${n}` }));
const results = await conn.sobject('Task').create(many, { allowRecursive: true });
told.many = results.filter((row) => row.success).length;
told.mixed = (await conn.sobject('Task').create([{ Subject: 'Good' }, { Subject: 'Bad', OwnerId: made.id }])).map((row) => row.success);

const gone = await conn.sobject('Account').create({ Name: 'Gone' });
told.destroyed = (await conn.sobject('Account').destroy(gone.id)).success;
told.missing = await conn.sobject('Account').retrieve(gone.id).catch((error) => error.errorCode);
told.malformed = await conn.query('SELECT Bacon FROM Account').catch((error) => error.errorCode);
const now = new Date();
const since = new Date(now.getTime() - 3600e3);
const until = new Date(now.getTime() + 120e3);
told.deleted = (await conn.sobject('Account').deleted(since, until)).deletedRecords.map((row) => row.id).includes(gone.id);

const described = await conn.sobject('Opportunity').describe();
told.described = described.fields.find((field) => field.name === 'StageName').picklistValues.length > 3;
told.objects = (await conn.describeGlobal()).sobjects.some((found) => found.name === 'ContentNote');
told.identity = (await conn.identity()).username;
told.limit = conn.limitInfo.apiUsage.limit;
console.log(JSON.stringify(told));
