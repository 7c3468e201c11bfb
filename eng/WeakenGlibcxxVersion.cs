using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace AdaLora.Build
{
    /// <summary>
    /// Marks one required symbol version of an ELF64 library as weak (VER_FLG_WEAK), so that the dynamic loader accepts a C++ runtime that lacks it.
    /// A link into a package cache is first replaced by a copy. See LoaderFix.targets for when and why.
    /// </summary>
    public class WeakenGlibcxxVersion : Task
    {
        private const uint SectionTypeVersionNeed = 0x6ffffffe;
        private const ushort FlagWeak = 0x2;

        private static readonly string[] RuntimeFolders =
        {
            "/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib", "/lib", "/usr/local/lib64", "/usr/local/lib",
        };

        [Required]
        public string[] Libraries { get; set; }

        [Required]
        public string Version { get; set; }

        public override bool Execute()
        {
            if (RuntimeHasVersion())
                return true;
            foreach (var library in Libraries)
            {
                try
                {
                    Fix(library);
                }
                catch (Exception e) when (e is IOException || e is UnauthorizedAccessException || e is InvalidDataException)
                {
                    Log.LogError("AdaLora", "ADALORA003", null, library, 0, 0, 0, 0,
                        "This system's libstdc++ lacks {0}, and {1} could not be adapted to it: {2} Install libstdc++ of GCC 13.2 or newer, or make the output folder writable.",
                        Version, library, e.Message);
                }
            }

            return !Log.HasLoggedErrors;
        }

        private bool RuntimeHasVersion()
        {
            var runtime = RuntimeFolders.Select(f => Path.Combine(f, "libstdc++.so.6")).FirstOrDefault(File.Exists);
            if (runtime == null)
            {
                Log.LogWarning("libstdc++.so.6 was not found in the usual folders; TorchSharp needs it at run time.");
                return true;
            }

            return IndexOf(File.ReadAllBytes(runtime), Encoding.ASCII.GetBytes(Version + "\0")) >= 0;
        }

        private void Fix(string library)
        {
            var image = File.ReadAllBytes(library);
            var flagOffsets = FindVersionFlags(image);
            var strong = flagOffsets.Where(o => (BitConverter.ToUInt16(image, o) & FlagWeak) == 0).ToList();
            if (strong.Count == 0)
                return;

            foreach (var offset in strong)
                image[offset] |= (byte)FlagWeak;

            // Written beside and renamed over: a link to the package cache is replaced, never written through, and a running process keeps its old file.
            var temporary = library + ".tmp";
            File.WriteAllBytes(temporary, image);
            File.Delete(library);
            File.Move(temporary, library);
            Log.LogMessage(MessageImportance.High, "{0}: marked {1} as optional, because this system's libstdc++ is older.", Path.GetFileName(library), Version);
        }

        private List<int> FindVersionFlags(byte[] image)
        {
            if (image.Length < 64 || image[0] != 0x7f || image[1] != 'E' || image[2] != 'L' || image[3] != 'F' || image[4] != 2 || image[5] != 1)
                throw new InvalidDataException("It is not a little-endian 64-bit ELF file.");

            var found = new List<int>();
            var sections = (int)BitConverter.ToInt64(image, 0x28);
            int entrySize = BitConverter.ToUInt16(image, 0x3a), count = BitConverter.ToUInt16(image, 0x3c);
            for (var i = 0; i < count; i++)
            {
                var header = sections + (i * entrySize);
                if (BitConverter.ToUInt32(image, header + 4) != SectionTypeVersionNeed)
                    continue;
                var strings = (int)BitConverter.ToInt64(image, sections + ((int)BitConverter.ToUInt32(image, header + 40) * entrySize) + 24);
                CollectFlags(image, (int)BitConverter.ToInt64(image, header + 24), strings, found);
            }

            return found;
        }

        // Elf64_Verneed: version u16, count u16, file u32, aux u32, next u32. Elf64_Vernaux: hash u32, flags u16, other u16, name u32, next u32.
        private void CollectFlags(byte[] image, int need, int strings, List<int> found)
        {
            while (true)
            {
                var aux = need + (int)BitConverter.ToUInt32(image, need + 8);
                for (int left = BitConverter.ToUInt16(image, need + 2); left > 0; left--)
                {
                    if (StringAt(image, strings + (int)BitConverter.ToUInt32(image, aux + 8)) == Version)
                        found.Add(aux + 4);
                    aux += (int)BitConverter.ToUInt32(image, aux + 12);
                }

                var next = (int)BitConverter.ToUInt32(image, need + 12);
                if (next == 0)
                    return;
                need += next;
            }
        }

        private static string StringAt(byte[] image, int offset)
        {
            var end = Array.IndexOf(image, (byte)0, offset);
            return Encoding.ASCII.GetString(image, offset, end - offset);
        }

        private static int IndexOf(byte[] haystack, byte[] needle)
        {
            for (var i = 0; i <= haystack.Length - needle.Length; i++)
            {
                var k = 0;
                while (k < needle.Length && haystack[i + k] == needle[k])
                    k++;
                if (k == needle.Length)
                    return i;
            }

            return -1;
        }
    }
}
