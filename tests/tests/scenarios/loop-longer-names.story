story Converter in a container: each name is longer, a turn every 10 minutes
rule convert
  takes s3 PutObject
  runs converter
container converter as converter-role
  answers after 10m: s3 PutObject on {resource}.mp4

at 0s ann: s3 PutObject on media/clip
lasts 1d

expect convert cut by turns after 11 firings
