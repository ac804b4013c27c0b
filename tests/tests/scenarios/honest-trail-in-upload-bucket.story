story Log files of a trail in the bucket that a rule listens on, every 20 s
rule process-upload
  takes s3 PutObject
  runs processor
workflow processor as processor-role within 5m

at 0s every 20s, 60 times cloudtrail.amazonaws.com: s3 PutObject on uploads/trail-{n}

expect process-upload at most suspect
