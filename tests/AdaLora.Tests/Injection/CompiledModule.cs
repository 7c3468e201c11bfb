using System.IO.Compression;
using System.Text;

namespace AdaLora.Tests.Injection;

/// <summary>A TorchScript file, written by hand: a module that returns the relu of its input, with one more of the kind in it.</summary>
internal static class CompiledModule
{
    private const string Code =
        """
        class M(Module):
          __parameters__ = []
          __buffers__ = []
          training : bool
          inner : __torch__.Inner
          def forward(self: __torch__.M, x: Tensor) -> Tensor:
            inner = self.inner
            return (inner).forward(x, )
        class Inner(Module):
          __parameters__ = []
          __buffers__ = []
          training : bool
          def forward(self: __torch__.Inner, x: Tensor) -> Tensor:
            return torch.relu(x)

        """;

    public static string Write(string folder)
    {
        var path = Path.Combine(folder, "module.pt");
        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        Put("data.pkl", [.. Head, .. Object("M"), .. Text("training"), 0x88, .. Text("inner"), .. Object("Inner"), .. Text("training"), 0x88, .. SetItems, .. SetItems, (byte)'.']);
        Put("code/__torch__.py", Encoding.ASCII.GetBytes(Code.ReplaceLineEndings("\n")));
        Put("constants.pkl", [.. Head, (byte)')', (byte)'.']);
        Put("version", "3\n"u8.ToArray());
        return path;

        void Put(string name, byte[] content)
        {
            using var entry = archive.CreateEntry("module/" + name, CompressionLevel.NoCompression).Open();
            entry.Write(content);
        }
    }

    private static ReadOnlySpan<byte> Head => [0x80, 2];

    // SETITEMS and BUILD.
    private static ReadOnlySpan<byte> SetItems => "ub"u8;

    // A global, called with no arguments, and the start of its attributes.
    private static byte[] Object(string name) => [.. Encoding.ASCII.GetBytes($"c__torch__\n{name}\n"), (byte)')', 0x81, .. "}("u8];

    private static byte[] Text(string text) => [(byte)'X', (byte)text.Length, 0, 0, 0, .. Encoding.ASCII.GetBytes(text)];
}
