// peers.mjs URL MILLISECONDS JOBS [NAME...]: what queues of jobs on PostgreSQL do a second, each in a schema of its own in
// the database at URL. Prints a line for each: "name per_second at_once".
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import PgBoss from 'pg-boss';

const [url, milliseconds, jobs] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const atOnce = 32, batch = 64, queue = 'backup';
const order = (number) => ({
  apiVersion: '2026-11-01',
  backupJobId: `0190a000-0000-7000-8000-00000000001${number % 10}`,
  backupSourcePath: `/data/ledger/${number}`,
  dataAsOfDate: '2021-01-08',
});
const orders = (count, make) => Array.from({ length: count }, (_, number) => make(order(number)));
const tell = (name, count, seconds, loops) => console.log(`${name} ${Math.round(count / seconds)} ${loops}`);

// As many loops of `step` as `loops`, until the time is over; when a step finds nothing more to do there is first a `fill`,
// which is not counted. What the steps did a second.
async function measure(name, loops, step, fill) {
  let done = 0, taken = 0;
  while (taken < milliseconds) {
    if (fill) await fill();
    const begun = performance.now();
    const passed = () => performance.now() - begun;
    await Promise.all(Array.from({ length: loops }, async () => {
      for (let did = 1; did > 0 && taken + passed() < milliseconds; done += did) did = await step(done);
    }));
    taken += passed();
  }
  tell(name, done, taken / 1000, loops);
}

async function pgBoss() {
  const boss = new PgBoss({ connectionString: url, max: atOnce, supervise: false, schedule: false });
  boss.on('error', (error) => { throw error; });
  await boss.start();
  await boss.createQueue(queue);
  const insert = (count) => boss.insert(orders(count, (data) => ({ name: queue, data })));
  // A fetch sorts all that waits, so that a short queue is kind to it.
  const fill = async () => {
    await boss.purgeQueue(queue);
    await insert(1000);
    await boss.getDb().executeSql('ANALYZE pgboss.job', []);
  };
  const fetchAndComplete = (batchSize) => async () => {
    const fetched = await boss.fetch(queue, { batchSize });
    if (fetched.length > 0) await boss.complete(queue, fetched.map((job) => job.id));
    return fetched.length;
  };
  await measure('pg-boss-send', atOnce, async (done) => (await boss.send(queue, order(done)) ? 1 : 0));
  await measure('pg-boss-insert-of-64', 4, async () => { await insert(batch); return batch; });
  for (const loops of [1, atOnce]) await measure('pg-boss-fetch-and-complete', loops, fetchAndComplete(1), fill);
  for (const loops of [1, 4]) await measure('pg-boss-fetch-and-complete-of-64', loops, fetchAndComplete(batch), fill);
  await boss.stop({ graceful: false });
}

async function graphileWorker() {
  const pgPool = new pg.Pool({ connectionString: url, max: atOnce + 4 });
  pgPool.on('error', (error) => { throw error; });
  pgPool.on('connect', (client) => client.on('error', (error) => { throw error; }));
  const logger = new Logger(() => (level, message) => { if (level === 'error') console.error(message); });
  const utils = await makeWorkerUtils({ pgPool, logger });
  await utils.migrate();
  const empty = () => pgPool.query('DELETE FROM graphile_worker._private_jobs');
  await measure('graphile-worker-add-job', atOnce, async (done) => (await utils.addJob(queue, order(done)) ? 1 : 0));
  await empty();
  await measure('graphile-worker-add-jobs-of-64', 4, async () =>
    (await utils.addJobs(orders(batch, (payload) => ({ identifier: queue, payload })))).length);

  const processed = async (name, worker) => {
    await empty();
    for (let left = jobs; left > 0; left -= 1000) {
      await utils.addJobs(orders(Math.min(left, 1000), (payload) => ({ identifier: queue, payload })));
    }
    await pgPool.query('ANALYZE graphile_worker._private_jobs');
    let done = 0, begun = 0;
    await new Promise((resolve, reject) => {
      let runner;
      const task = async () => {
        if (++done < jobs) return;
        tell(name, done, (performance.now() - begun) / 1000, atOnce);
        setImmediate(() => runner.stop().then(resolve, reject));
      };
      begun = performance.now();
      run({ pgPool, logger, noHandleSignals: true, concurrency: atOnce, taskList: { [queue]: task },
            preset: { worker: { concurrentJobs: atOnce, ...worker } } })
        .then((started) => { runner = started; }, reject);
    });
  };
  await processed('graphile-worker-processed', {});
  await processed('graphile-worker-processed-of-64',
    { localQueue: { size: batch }, completeJobBatchDelay: 0, failJobBatchDelay: 0 });
  await utils.release();
  await pgPool.end();
}

await pgBoss();
await graphileWorker();
