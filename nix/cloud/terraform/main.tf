provider "aws" {
  region = var.region
}

# The images that the NixOS project publishes.
data "aws_ami" "nixos" {
  most_recent = true
  owners      = ["427812963091"]

  filter {
    name   = "name"
    values = ["nixos/${var.nixos_release}*"]
  }

  filter {
    name   = "architecture"
    values = [var.architecture]
  }
}

resource "aws_security_group" "builder" {
  name_prefix = "kernel-builder-"
  description = "ssh in, everything out"

  ingress {
    description = "ssh"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = var.allowed_cidr_blocks
  }

  egress {
    description = "sources and caches"
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_instance" "builder" {
  ami                    = data.aws_ami.nixos.id
  instance_type          = var.instance_type
  vpc_security_group_ids = [aws_security_group.builder.id]

  # The image makes this its configuration when it starts for the first time.
  user_data = templatefile("${path.module}/configuration.nix.tftpl", {
    release         = var.nixos_release
    admin_keys      = var.admin_keys
    builder_keys    = var.builder_keys
    revision        = var.revision
    revision_sha256 = var.revision_sha256
  })

  root_block_device {
    volume_type = "gp3"
    volume_size = var.disk_gb
    encrypted   = true
  }

  # Only with a token: a build that reaches the network cannot take the machine's rights.
  metadata_options {
    http_tokens = "required"
  }

  tags = {
    Name = "kernel-builder"
  }

  lifecycle {
    # A newer image would replace the machine, with everything that it has built.
    ignore_changes = [ami]
  }
}
