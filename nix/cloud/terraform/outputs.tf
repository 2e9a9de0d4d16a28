output "address" {
  description = "Where the machine is reached."
  value       = aws_instance.builder.public_dns
}

output "builders" {
  description = "What kernel-builder takes as --builders."
  value = format(
    "ssh://nix-ssh@%s %s - 4",
    aws_instance.builder.public_dns,
    var.architecture == "arm64" ? "aarch64-linux" : "x86_64-linux",
  )
}
