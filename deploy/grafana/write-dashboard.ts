// Prints dashboard.json: node dist/deploy/grafana/write-dashboard.js > deploy/grafana/dashboard.json

import { dashboard } from './dashboard.js';

process.stdout.write(`${JSON.stringify(dashboard(), null, 2)}\n`);
