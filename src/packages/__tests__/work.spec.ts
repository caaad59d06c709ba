import { PackageWork } from '../work';
import { FakeServer, job, settle } from './fakes';

describe('PackageWork', () => {
  let server: FakeServer;

  beforeEach(() => {
    server = new FakeServer();
  });

  const start = () =>
    new PackageWork(
      () =>
        server.client.exportNotebook({
          path: 'one.ipynb',
          contents: 'full',
          target: '',
          key: ''
        }),
      server.options
    );

  it('is followed by events to its end', async () => {
    server.jobs = [
      job({ share: 0.1 }),
      job({ share: 0.5, doing: 'Writing' }),
      job({ state: 'done', share: 1 })
    ];
    const work = start();
    const shares: number[] = [];
    work.changed.connect(() => shares.push(work.job!.share));
    await settle();
    server.tell('another.ipynb');
    await settle();
    expect(shares).toEqual([0.1]);
    server.tell();
    await settle();
    server.tell();
    expect((await work.ended).state).toBe('done');
    expect(shares).toEqual([0.1, 0.5, 1]);
  });

  it('is asked for where no event comes', async () => {
    server.jobs = [job(), job({ state: 'failed', reason: 'no room' })];
    expect((await start().ended).reason).toBe('no room');
  });

  it('is cancelled, also before the server has answered', async () => {
    server.jobs = [job()];
    const work = start();
    work.cancel();
    expect((await work.ended).state).toBe('cancelled');
    expect(server.asked).toContain('cancel b0a1');
  });

  it('is given up with who follows it', async () => {
    server.jobs = [job()];
    const work = start();
    await settle();
    work.dispose();
    expect((await work.ended).state).toBe('cancelled');
  });

  it('rejects where it can’t begin', async () => {
    const work = new PackageWork(
      () => Promise.reject(new Error('No permission.')),
      server.options
    );
    await expect(work.ended).rejects.toThrow('No permission.');
  });
});
