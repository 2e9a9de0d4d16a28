"""Whether a kernel is what a trusted publisher signed.

A publisher signs the exact bytes of a build's `metadata.json`; the signature lies beside it, as a bundle of sigstore,
in `metadata.json.sigstore`. The digest in the metadata extends it to every file of the build. Nothing of the kernel
runs.
"""

from kernels.signature.policy import Publisher, PublisherPolicy
from kernels.signature.signer import VerifiedSignature
from kernels.signature.verify import verify_signature

__all__ = ["Publisher", "PublisherPolicy", "VerifiedSignature", "verify_signature"]
