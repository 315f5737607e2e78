# A Debian 12 image with the mesh layer of mesh.yaml in it, for QEMU and for EC2. README.md beside it has the commands.

packer {
  required_version = ">= 1.9.0"
  required_plugins {
    qemu = {
      source  = "github.com/hashicorp/qemu"
      version = ">= 1.0.10"
    }
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2.8"
    }
  }
}

variable "layer" {
  type        = string
  description = "Folder of the mesh layer below out/image; its name comes from its content"
}

variable "ssh_public_key" {
  type        = string
  default     = ""
  description = "QEMU only: the key that the machine which becomes the image lets in, such as the text of ~/.ssh/id_ed25519.pub"
}

variable "ssh_private_key_file" {
  type        = string
  default     = "~/.ssh/id_ed25519"
  description = "QEMU only: the other half of it"
}

variable "region" {
  type    = string
  default = "eu-central-1"
}

source "qemu" "debian" {
  disk_image       = true
  iso_url          = "https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2"
  iso_checksum     = "file:https://cloud.debian.org/images/cloud/bookworm/latest/SHA512SUMS"
  disk_size        = "4G"
  format           = "qcow2"
  accelerator      = "kvm"
  memory           = 1024
  headless         = true
  output_directory = "built"
  vm_name          = "mesh-${var.layer}.qcow2"

  # NoCloud: seal takes what cloud-init keeps of it out of the image.
  cd_label = "cidata"
  cd_content = {
    "meta-data" = "instance-id: packer\n"
    "user-data" = "#cloud-config\nssh_authorized_keys: ['${var.ssh_public_key}']\n"
  }

  ssh_username         = "debian"
  ssh_private_key_file = var.ssh_private_key_file
  shutdown_command     = "sudo systemctl poweroff"
}

source "amazon-ebs" "debian" {
  region        = var.region
  instance_type = "t3.small"
  ami_name      = "mesh-${var.layer}"
  ssh_username  = "admin"

  source_ami_filter {
    filters = {
      name                = "debian-12-amd64-*"
      virtualization-type = "hvm"
    }
    owners      = ["136693071363"] # Debian
    most_recent = true
  }
}

build {
  sources = ["source.qemu.debian", "source.amazon-ebs.debian"]

  # cloud-init would write its state after seal has taken it away, and holds the lock of the package manager.
  provisioner "shell" {
    inline = ["cloud-init status --wait || true"]
  }

  # Without a slash at its end: the folder itself, with root, manifest, prepare and seal in it.
  provisioner "file" {
    source      = "${path.root}/out/image/${var.layer}"
    destination = "/tmp"
  }

  provisioner "shell" {
    inline = ["sudo sh /tmp/${var.layer}/prepare"]
  }

  # What else the image gets comes here: seal is the last.

  provisioner "shell" {
    inline = [
      "sudo sh /tmp/${var.layer}/seal",
      "sudo rm -rf /tmp/${var.layer}",
      "rm -f ~/.ssh/authorized_keys",
    ]
  }
}
