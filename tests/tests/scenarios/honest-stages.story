story Eight stages in one bucket
rule next-stage
  takes s3 PutObject
  runs stages
function stages as stages-role within 60s
  answers after 20s, to stage=0 only: s3 PutObject on {resource} stage=1
  answers after 20s, to stage=1 only: s3 PutObject on {resource} stage=2
  answers after 20s, to stage=2 only: s3 PutObject on {resource} stage=3
  answers after 20s, to stage=3 only: s3 PutObject on {resource} stage=4
  answers after 20s, to stage=4 only: s3 PutObject on {resource} stage=5
  answers after 20s, to stage=5 only: s3 PutObject on {resource} stage=6
  answers after 20s, to stage=6 only: s3 PutObject on {resource} stage=7
  answers after 20s, to stage=7 only: s3 PutObject on {resource} stage=8

at 0s every 10m, 6 times uploader/app: s3 PutObject on work/doc-{n} stage=0

expect next-stage at most suspect
