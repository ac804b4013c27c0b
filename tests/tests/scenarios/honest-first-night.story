story First night of a backup: 2,000 snapshots at ten a second, each tagged
rule tag-snapshots
  takes ec2 CreateSnapshot, CreateTags
  runs snapshot-tagger
function snapshot-tagger as snapshot-tagger-role
  answers after 2s, to CreateSnapshot only: ec2 CreateTags on {resource} keep=30d

at 0s every 0.1s, 2000 times backup/nightly: ec2 CreateSnapshot on snap-{n}
batches of 50

expect tag-snapshots at most suspect
expect tag-snapshots advice
