// What PSI's client has set, as the HTTP interface tells it and the page shows it.
// Tested by test/contract/closed-lists.test.ts.

/** As `rx_status` tells. */
export const psiStatuses = ['idle', 'transmitting', 'running'] as const;

export type PsiStatus = (typeof psiStatuses)[number];

/** The receiver of one module. */
export interface ReceiverTold {
  readonly module: number;
  /** Address that alone may call; null = any. */
  readonly locked_by: string | null;
  /** Null = the client has not said rx_hostname, or the service was started anew since. */
  readonly set_up: {
    readonly hostname: string;
    readonly detector: string;
    readonly udp_ports: readonly { readonly udp_port: number; readonly on: boolean }[];
    readonly dynamic_range: number;
    /** Rows that are read out; 0 = all there are. */
    readonly read_n_rows: number;
    /** As text: it may have more digits than a JSON number. */
    readonly frames: string;
  } | null;
}

/** All that the client has set. */
export interface ReceiversTold {
  readonly status: PsiStatus;
  readonly receivers: readonly ReceiverTold[];
  /** Name of the file and metadata of the next series; null = the first module was not set up. */
  readonly next: { readonly filename: string; readonly metadata: Readonly<Record<string, unknown>> } | null;
  /** PSI's preview stream; null = it is not offered. */
  readonly preview: { readonly frames_skipped: number } | null;
  /** What would be refused at the next start. */
  readonly problems: readonly string[];
}
