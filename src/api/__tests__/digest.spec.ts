import { sourceDigest } from '../digest';

// As `nbrewind.analysis.source_digest` returns them.
test.each([
  ['', 'src:af1349b9f5f9a1a6a0404dea36dcc949'],
  ['a = 1\n', 'src:700d22f9add80fee0e537c94bfd8320a'],
  ['é€😀', 'src:30379505a2f6bc028a4f711a6001150a'],
  ['%%time\nx', 'src:9afb7012412a9d09c84ba7286ada702a']
])('the digest of %j is the one that the store has', (text, digest) => {
  expect(sourceDigest(text)).toBe(digest);
});
