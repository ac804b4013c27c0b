story 300 calls a minute to a rule whose target nobody can read
# Who acts behind the queue is not known: the rate counts everybody, as its own may be among them.

rule to-a-queue
  takes s3 PutObjectTagging
  sends to queue elsewhere

at 0s every 0.2s, 300 times ann: s3 PutObjectTagging on photos/p-{n} reviewed=yes

expect to-a-queue cut by burst after 200 firings
