story The backup service itself makes 900 snapshots within three minutes
rule inventory
  takes ec2 CreateSnapshot
  runs inventory-writer
function inventory-writer as inventory-writer-role

at 0s every 0.2s, 900 times backup.amazonaws.com: ec2 CreateSnapshot on vol-{n}
batches of 20

expect inventory at most suspect
