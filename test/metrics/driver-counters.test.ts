import t from 'tap';
import { DriverCounters, lossCountersOf } from '../../src/metrics/driver-counters.js';

// Names as the drivers mlx5, ixgbe, i40e and virtio_net print them.
const printed = `NIC statistics:
     rx_packets: 1000
     rx_out_of_buffer: 12
     rx_discards_phy: 3
     rx_crc_errors_phy: 1
     rx0_buff_alloc_err: 4
     rx_queue_3_drops: 5
     rx_queue_0_packets: 9
     tx_errors: 8
     port.rx_dropped: 6
     rx_no_dma_resources: 2
     rx_prio3_discards: 7
     nonsense
     rx_missed_errors: many
`;

t.test('what tells of lost packets on the way in is taken, of the whole card', async (t) => {
  t.strictSame(
    [...lossCountersOf(printed)],
    [
      ['rx_out_of_buffer', 12],
      ['rx_discards_phy', 3],
      ['rx_crc_errors_phy', 1],
      ['port.rx_dropped', 6],
      ['rx_no_dma_resources', 2],
    ],
  );
});

t.test('a driver with thousands of counters makes few samples', async (t) => {
  t.equal(
    lossCountersOf(
      Array.from(
        { length: 5000 },
        (_, index) => `  rx_drop_${'x'.repeat(index % 70)}${'y'.repeat(index / 70)}: 1`,
      ).join('\n'),
    ).size,
    40,
  );
});

t.test('a card is asked in the background, at most once in five seconds', async (t) => {
  let now = 1000;
  const asked: string[] = [];
  const counters = new DriverCounters(
    (program, parameters) => {
      asked.push([program, ...parameters].join(' '));
      return Promise.resolve({ output: `  rx_dropped: ${asked.length}\n` });
    },
    { now: () => now },
  );
  t.equal(counters.of('eth9').size, 0, 'nothing is known yet, and nobody waits');
  await Promise.resolve();
  await Promise.resolve();
  t.strictSame([...counters.of('eth9')], [['rx_dropped', 1]]);
  now += 4999;
  counters.of('eth9');
  t.strictSame(asked, ['ethtool -S eth9']);
  now += 1;
  t.strictSame([...counters.of('eth9')], [['rx_dropped', 1]], 'the last answer until there is another');
  await Promise.resolve();
  await Promise.resolve();
  t.strictSame([...counters.of('eth9')], [['rx_dropped', 2]]);
});

t.test('where ethtool is not installed it is asked for once; an interface without counters has none', async (t) => {
  let now = 0;
  let asked = 0;
  const answers: (string | number)[] = [94, 'ENOENT'];
  const counters = new DriverCounters(() => Promise.resolve({ error: answers[asked++] }), {
    now: () => now,
  });
  for (let turn = 0; turn < 5; turn++) {
    t.equal(counters.of('lo').size, 0);
    await Promise.resolve();
    await Promise.resolve();
    now += 10_000;
  }
  t.equal(asked, 2);
});
