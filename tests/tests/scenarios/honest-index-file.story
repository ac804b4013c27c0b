story An index file that is written after each upload
# Half of all firings are the rule's own: worth an advice, and no loop.

rule index-uploads
  takes s3 PutObject
  runs indexer
function indexer as indexer-role
  answers after 2s, to others only: s3 PutObject on photos/index.json

at 0s every 20s, 90 times uploader/app: s3 PutObject on photos/p-{n}.jpg

expect index-uploads at most suspect
expect index-uploads advice
