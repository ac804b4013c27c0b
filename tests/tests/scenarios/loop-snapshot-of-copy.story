story Each turn copies the snapshot of the turn before, every 45 s
rule copy-snapshots
  takes ec2 CreateSnapshot, CopySnapshot
  runs copier
function copier as copier-role within 30s
  answers after 45s: ec2 CopySnapshot sourceSnapshotId={resource} returning snapshotId=snap-{n} on snap-{n}

at 0s ann: ec2 CreateSnapshot on snap-first

expect copy-snapshots cut by turns after 27 firings
