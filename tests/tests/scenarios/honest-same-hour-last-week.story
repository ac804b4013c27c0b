story A busy hour that comes once a week
rule hears
  takes glue StartJobRun
  runs job-counter
  fired 300 a minute for 1h until 7d ago
function job-counter as job-counter-role

at 0s every 0.2s, 1500 times data/weekly: glue StartJobRun on job-{n}
batches of 20

expect hears left alone
