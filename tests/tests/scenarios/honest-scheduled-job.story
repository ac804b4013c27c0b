story A scheduled job every minute
rule snapshot-made
  takes ec2 CreateSnapshot
  runs indexer
function indexer as indexer-role

at 0s every 60s, 180 times backup/nightly: ec2 CreateSnapshot on vol-1 turn={n}

expect snapshot-made left alone
