"""The one table from error code to HTTP status and words. Codes are promises: never renamed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from menshen.platform.languages import Words


@dataclasses.dataclass(frozen=True, slots=True)
class ProblemKind:
    """What is always true of a problem with this code."""

    code: str
    status: int
    title: Words
    advice: Words


# code, status, title en, title zh, advice en, advice zh
_ROWS: tuple[tuple[str, int, str, str, str, str], ...] = (
    (
        "request-invalid",
        422,
        "The request is not what this operation asks for",
        "请求不符合此操作的要求",
        "Compare the request with the documentation of the operation.",
        "请对照该操作的文档检查请求。",
    ),
    (
        "request-too-large",
        413,
        "The request is too large",
        "请求过大",
        "Send smaller files; a 2-megapixel JPEG is plenty.",
        "请发送更小的文件；200 万像素的 JPEG 已经足够。",
    ),
    (
        "request-too-slow",
        408,
        "The request did not arrive in time",
        "请求未能按时送达",
        "Try again on a faster connection, or with smaller files.",
        "请在更快的网络上重试，或发送更小的文件。",
    ),
    (
        "media-type-unsupported",
        415,
        "The body must be multipart/form-data",
        "请求正文必须是 multipart/form-data",
        "Send the pictures as parts of a multipart form.",
        "请以 multipart 表单的形式发送图片。",
    ),
    (
        "key-missing",
        401,
        "An API key is needed",
        "需要 API 密钥",
        "Send it in the header `Authorization: Bearer <key>`.",
        "请在请求头 `Authorization: Bearer <密钥>` 中提供密钥。",
    ),
    (
        "key-invalid",
        401,
        "The API key is not valid",
        "API 密钥无效",
        "Check the key, or make a new one with `menshen keys create`.",
        "请检查密钥，或用 `menshen keys create` 新建一个。",
    ),
    (
        "session-expired",
        401,
        "The page's session has ended",
        "页面会话已结束",
        "Load the page again.",
        "请重新载入页面。",
    ),
    (
        "scope-missing",
        403,
        "The API key may not do this",
        "此 API 密钥无权执行该操作",
        "Use a key with the scope named in the detail.",
        "请使用具备所需权限范围的密钥。",
    ),
    (
        "rate-limited",
        429,
        "Too many requests",
        "请求过于频繁",
        "Wait as long as the Retry-After header says, then go on.",
        "请按 Retry-After 响应头所示的时间等待后再继续。",
    ),
    (
        "overloaded",
        503,
        "The server is busy",
        "服务器繁忙",
        "Try again after the time in the Retry-After header.",
        "请在 Retry-After 响应头所示的时间之后重试。",
    ),
    (
        "work-too-slow",
        503,
        "The answer took too long",
        "处理超时",
        "Try again after the time in the Retry-After header, with a smaller picture.",
        "请在 Retry-After 响应头所示的时间之后，用更小的图片重试。",
    ),
    (
        "not-ready",
        503,
        "The models are not loaded",
        "模型尚未载入",
        "Wait a moment; if it stays so, the operator finds the reason in the log.",
        "请稍候；若一直如此，管理员可在日志中查到原因。",
    ),
    (
        "host-not-allowed",
        421,
        "This server does not answer to that host name",
        "本服务器不响应该主机名",
        "Use the address the server prints at start, or set MENSHEN_ALLOWED_HOSTS.",
        "请使用服务器启动时显示的地址，或设置 MENSHEN_ALLOWED_HOSTS。",
    ),
    (
        "not-found",
        404,
        "There is nothing here",
        "此处没有内容",
        "Check the address; the operations are listed in /openapi.json.",
        "请检查地址；所有操作见 /openapi.json。",
    ),
    (
        "method-not-allowed",
        405,
        "This address does not take that method",
        "此地址不支持该方法",
        "Use a method named in the Allow header.",
        "请使用 Allow 响应头所列的方法。",
    ),
    (
        "internal-error",
        500,
        "Something went wrong on the server",
        "服务器内部出错",
        "Tell the operator the `instance`: it finds the entry in the log.",
        "请把 `instance` 告诉管理员，以便在日志中查找。",
    ),
    (
        "picture-unusable",
        422,
        "The picture cannot be used",
        "图片无法使用",
        "Send another picture.",
        "请换一张图片。",
    ),
    (
        "picture-empty",
        422,
        "The picture is empty",
        "图片为空",
        "Send the picture's bytes: the file or form field was empty.",
        "文件或表单字段为空，请发送图片内容。",
    ),
    (
        "picture-too-many-bytes",
        413,
        "The picture has too many bytes",
        "图片文件过大",
        "Send a smaller file; a 2-megapixel JPEG is plenty.",
        "请发送更小的文件；200 万像素的 JPEG 已经足够。",
    ),
    (
        "picture-format-unsupported",
        415,
        "The file is not a picture Menshen reads",
        "文件不是可读取的图片",
        "Send a JPEG, PNG or WebP picture.",
        "请发送 JPEG、PNG 或 WebP 图片。",
    ),
    (
        "picture-truncated",
        422,
        "The picture is damaged or incomplete",
        "图片损坏或不完整",
        "The file is damaged or incomplete: send it again.",
        "文件损坏或不完整，请重新发送。",
    ),
    (
        "picture-dimensions",
        422,
        "The picture has too many or too few pixels",
        "图片像素过多或过少",
        "Send a picture between 64 pixels and 50 megapixels.",
        "请发送边长不小于 64 像素、总像素不超过 5000 万的图片。",
    ),
    (
        "picture-animated",
        422,
        "The picture is animated",
        "图片是动图",
        "Send a single still picture.",
        "请发送单张静态图片。",
    ),
    (
        "picture-cmyk",
        422,
        "The picture is in printing colours (CMYK)",
        "图片为印刷用 CMYK 颜色",
        "Save the picture as RGB (sRGB) and send it again.",
        "请将图片存为 RGB（sRGB）后重新发送。",
    ),
    (
        "picture-sixteen-bit",
        422,
        "The picture has 16 bits a channel",
        "图片每通道为 16 位",
        "Save the picture with 8 bits a channel and send it again.",
        "请将图片存为每通道 8 位后重新发送。",
    ),
    (
        "face-unusable",
        422,
        "The face cannot be used",
        "人脸无法使用",
        "Take the picture again, facing the camera.",
        "请面向摄像头重新拍摄。",
    ),
    (
        "face-not-found",
        422,
        "No face was found",
        "未找到人脸",
        "Show one whole face, upright, in good light.",
        "请在良好光线下露出完整、端正的脸。",
    ),
    (
        "face-not-single",
        422,
        "There is more than one face",
        "画面中不止一张脸",
        "Only one person may be in the picture.",
        "画面中只能有一个人。",
    ),
    (
        "face-too-small",
        422,
        "The face is too small",
        "人脸太小",
        "Come closer to the camera, or send a larger picture.",
        "请靠近摄像头，或发送更大的图片。",
    ),
    (
        "face-not-upright",
        422,
        "The face is not upright",
        "人脸没有摆正",
        "Turn the picture upright, or hold your head straight.",
        "请把图片转正，或把头摆正。",
    ),
    (
        "face-turned-away",
        422,
        "The face is turned away",
        "脸转得太偏",
        "Look straight at the camera.",
        "请正对摄像头。",
    ),
    (
        "template-contract-mismatch",
        409,
        "Templates of different model packs are never compared",
        "不同模型包的模板不能互相比较",
        "Make both templates with the same model pack.",
        "请用同一个模型包生成两个模板。",
    ),
    (
        "calibration-unsupported",
        422,
        "The pack's calibration does not support this bound",
        "模型包的校准数据不支持该误识率上限",
        "Ask for a weaker bound, or use a stronger pack or a site calibration.",
        "请放宽误识率上限，或改用更强的模型包、进行本场所校准。",
    ),
    (
        "model-file-invalid",
        503,
        "A model file is damaged or missing",
        "模型文件损坏或缺失",
        "The operator fetches the pack again: `menshen models fetch`.",
        "请管理员重新获取模型包：`menshen models fetch`。",
    ),
)


def _kinds(rows: Iterable[tuple[str, int, str, str, str, str]]) -> dict[str, ProblemKind]:
    return {
        code: ProblemKind(code, status, Words(title, title_zh), Words(advice, advice_zh))
        for code, status, title, title_zh, advice, advice_zh in rows
    }


PROBLEMS = _kinds(_ROWS)
"""Every problem the server can answer with, by code."""
