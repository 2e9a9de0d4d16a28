variable "region" {
  description = "Where the machine stands."
  type        = string
}

variable "instance_type" {
  description = "The kind of the machine. Builds want 4 GB of memory for each core, and no GPU."
  type        = string
  default     = "m7i.4xlarge"
}

variable "architecture" {
  description = "x86_64, or arm64 with an instance_type of that architecture."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "Kernels for Linux are built on x86_64 and arm64."
  }
}

variable "nixos_release" {
  description = "The release of NixOS whose image and channel are used, such as 25.11."
  type        = string
}

variable "disk_gb" {
  description = "The size of the disk in GB. All variants of a CUDA kernel take about 200."
  type        = number
  default     = 300
}

variable "allowed_cidr_blocks" {
  description = "The networks that reach the machine by ssh. Name yours, not the whole world."
  type        = list(string)
}

variable "admin_keys" {
  description = "Public ssh keys of those who administer the machine, as root."
  type        = list(string)
}

variable "builder_keys" {
  description = "Public ssh keys of those who build on it. Nix trusts them as it trusts root."
  type        = list(string)
}

variable "revision" {
  description = "The commit of this repository whose module the machine imports."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{40}$", var.revision))
    error_message = "A full commit, of 40 digits: what the machine runs has to be pinned."
  }
}

variable "revision_sha256" {
  description = "The digest of the archive of that commit: nix-prefetch-url --unpack URL."
  type        = string
}
