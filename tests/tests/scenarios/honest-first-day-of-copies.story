story First day of a pipeline that copies 100 objects a second
rule copy-objects
  takes s3 PutObject
  runs copier
function copier as copier-role
  answers after 2s, to others only: s3 PutObject on archive/{resource}

at 0s every 0.01s, 3000 times ingest/app: s3 PutObject on inbox/o-{n}
batches of 100

expect copy-objects at most suspect
expect copy-objects advice
